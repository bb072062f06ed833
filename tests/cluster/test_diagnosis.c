/* What a run says of how it was started: made-up placements, launchers, mount tables and Slurms. */
#include "clock.h"
#include "diagnosis.h"
#include "launch.h"
#include "slurm.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RANKS_MAX = 8 };

static double quota = INFINITY; /* of all ranks */

/* The lines for ranks on hosts, each with a mask of CPUs (of 64 at most). The caller frees them. */
static char *lines(int n_ranks, const char *const *names, const uint64_t *masks, uint32_t n_online, double deadline_s)
{
    static char hosts[RANKS_MAX][HOST_MAX];
    static struct placement placements[RANKS_MAX];
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    for (int rank = 0; rank < n_ranks; rank++) {
        snprintf(hosts[rank], HOST_MAX, "%s", names[rank]);
        placements[rank] = (struct placement){.may_use = {masks[rank]}, .n_online = n_online, .quota = quota};
    }
    diagnosis_print(stream,
                    &(struct diagnosis){.n_ranks = n_ranks,
                                        .hosts = hosts[0],
                                        .placements = placements,
                                        .deadline_s = deadline_s,
                                        .deadline_source = "a reason"},
                    "/proc/out.h5", false);
    fclose(stream);
    return text;
}

static void expect(char *text, const char *wanted, bool is_wanted)
{
    if ((strstr(text, wanted) != NULL) != is_wanted)
        fail_msg("%s: \"%s\"\n%s", is_wanted ? "not there" : "there", wanted, text);
    free(text);
}

static void test_placement(void **state)
{
    (void)state;
    const char *const names[] = {"b (avx2)", "a (avx2)", "b (avx2)", "b (avx512)", "a.b (avx2)"};
    const uint64_t own[] = {1, 2, 4, 8, 16}, all[] = {15, 15, 15, 15, 15}, unknown[5] = {0};
    expect(lines(1, names, own, 4, INFINITY),
           "picky: 1 rank (avx2) on 1 node, 1 a node, 2 threads each (one trains); a rank may use 1 of its node's 4 "
           "CPUs\n",
           true);
    expect(lines(3, names, all, 4, INFINITY), "picky: 3 ranks (avx2) on 2 nodes, 1 to 2 a node", true);
    expect(lines(5, names, all, 4, INFINITY), "picky: 5 ranks (several instruction sets) on 4 nodes", true);
    expect(lines(2, names, unknown, 4, INFINITY), "the CPUs of a rank are not known\n", true);
    expect(lines(1, names, own, 4, INFINITY), "on /proc (proc); no time limit\n", true);
    expect(lines(1, names, own, 4, clock_s() + 60), "training must end by 20", true);
    expect(lines(1, names, own, 4, clock_s() + 60), "Z (a reason)\n", true);
}

static void test_shared_memory(void **state)
{
    (void)state;
    static const char hosts[4][HOST_MAX] = {"b (avx2)", "a (avx2)", "b (avx2)", "b (avx2)"};
    struct placement placements[4] = {0};
    for (int rank = 0; rank < 4; rank++)
        placements[rank].memory = (struct memory){3000000000, MEMORY_UNLIMITED};
    placements[2].memory.own = 200;
    placements[3].memory.shared = MEMORY_UNLIMITED; /* not known there */
    uint64_t *memory = diagnosis_share_memory(hosts[0], placements, 4);
    assert_int_equal(memory[0], 836000000);  /* a third of 3 GB, less a tenth and 64 MB */
    assert_int_equal(memory[1], 2636000000); /* alone on its host */
    assert_int_equal(memory[2], 100);
    assert_true(memory[3] == MEMORY_UNLIMITED);
    free(memory);
}

static void test_crowding(void **state)
{
    (void)state;
    const char *const a[] = {"a (avx2)", "a (avx2)", "a (avx2)", "a (avx2)"};
    const char *const ab[] = {"a (avx2)", "b (avx2)", "a (avx2)", "b (avx2)"};
    const uint64_t own[] = {1, 2, 4, 8}, pairs[] = {1, 2, 1, 2}, two[] = {3, 3, 3, 3};
    expect(lines(4, a, own, 4, INFINITY), "warning", false);
    expect(lines(4, ab, two, 2, INFINITY), "warning", false);
    expect(lines(4, a, two, 4, INFINITY),
           "picky: warning: 4 ranks on a share 2 CPUs of 4: unbind them (mpirun --bind-to none, srun --cpu-bind=none), "
           "or ask for a CPU for each\n",
           true);
    expect(lines(4, a, two, 2, INFINITY),
           "picky: warning: 4 ranks on a share 2 CPUs, all it has: start no more than 2 there\n", true);
    expect(lines(4, a, pairs, 4, INFINITY), "picky: warning: 2 ranks on a share 1 CPU of 4: unbind", true);
    expect(lines(4, a, pairs, 4, INFINITY), "picky: warning: the same holds for 1 more group of ranks\n", true);
    expect(lines(4, ab, pairs, 4, INFINITY), "picky: warning: 2 ranks on a share 1 CPU of 4: unbind", true);
}

static void test_quota(void **state)
{
    (void)state;
    const char *const a[] = {"a (avx2)", "a (avx2)", "a (avx2)", "a (avx2)"};
    const char *const ab[] = {"a (avx2)", "b (avx2)", "a (avx2)", "b (avx2)"};
    const uint64_t own[] = {1, 2, 4, 8}, all[] = {15, 15, 15, 15};
    quota = 2.5;
    expect(lines(2, a, all, 4, INFINITY), "a rank may use 2 of its node's 4 CPUs\n", true);
    expect(lines(2, a, all, 4, INFINITY), "warning", false);
    expect(lines(1, a, own, 4, INFINITY), "a rank may use 1 of its node's 4 CPUs\n", true);
    const char *warning =
        "picky: warning: 4 ranks on a share 2.5 CPUs by a control group's quota: start no more than 2 "
        "there, or ask for more\n";
    expect(lines(4, a, all, 4, INFINITY), warning, true);
    expect(lines(4, a, own, 4, INFINITY), warning, true);
    expect(lines(4, ab, all, 4, INFINITY), "warning", false);
    quota = 0.5;
    expect(lines(1, a, own, 4, INFINITY), "warning", false);
    expect(lines(4, ab, all, 4, INFINITY),
           "2 ranks on a share 0.5 CPU by a control group's quota: start no more than 1", true);
    quota = INFINITY;
}

/* The first of these that is set counts; a batch script's SLURM_PROCID does not. */
static void test_launched_rank(void **state)
{
    (void)state;
    static const char *const variables[] = {"SLURM_PROCID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"};
    assert_int_equal(launch_rank(), -1);
    setenv("SLURM_PROCID", "0", 1);
    assert_int_equal(launch_rank(), -1);
    setenv("SLURM_STEPID", "0", 1);
    for (int i = 0; i < 4; i++) {
        char rank[] = {(char)('3' + i), '\0'};
        setenv(variables[i], rank, 1);
        assert_int_equal(launch_rank(), 3 + i);
    }
    for (int i = 0; i < 4; i++)
        unsetenv(variables[i]);
    unsetenv("SLURM_STEPID");
}

static void test_launchers(void **state)
{
    (void)state;
    static const char *const variables[][2] = {
        {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
        {"PMI_SIZE", "PMI_RANK"},
        {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    };
    struct error error = {0};
    const char *const name[] = {"a (avx2)"};
    const uint64_t own[] = {1};
    assert_int_equal(diagnosis_check_launch(1, &error), ERROR_NONE);
    for (size_t i = 0; i < 3; i++) {
        setenv(variables[i][0], "4", 1);
        setenv(variables[i][1], "0", 1);
        assert_int_equal(diagnosis_check_launch(4, &error), ERROR_NONE);
        assert_int_equal(diagnosis_check_launch(1, &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, " 4 copies"));
        assert_non_null(strstr(error.message, "srun --mpi=pmix"));
        setenv(variables[i][1], "1", 1); /* one speaks for all */
        assert_int_equal(diagnosis_check_launch(1, &error), ERROR_INPUT);
        assert_string_equal(error.message, "");
        setenv("SLURM_PTY_PORT", "1", 1);
        assert_int_equal(diagnosis_check_launch(1, &error), ERROR_NONE);
        unsetenv("SLURM_PTY_PORT");
        setenv(variables[i][0], "1", 1);
        assert_int_equal(diagnosis_check_launch(1, &error), ERROR_NONE);
        unsetenv(variables[i][0]);
        unsetenv(variables[i][1]);
    }
#if OMPI_MAJOR_VERSION < 5
    assert_int_equal(diagnosis_check_srun(&error), ERROR_NONE);
    setenv("SLURM_STEPID", "0", 1);
    assert_int_equal(diagnosis_check_srun(&error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "srun --mpi=pmix"));
    setenv("SLURM_PROCID", "1", 1);
    assert_int_equal(diagnosis_check_srun(&error), ERROR_INPUT);
    assert_string_equal(error.message, "");
    static const char *const started[] = {"PMIX_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK"};
    for (size_t i = 0; i < 3; i++) {
        setenv(started[i], "1", 1);
        assert_int_equal(diagnosis_check_srun(&error), ERROR_NONE);
        unsetenv(started[i]);
    }
    unsetenv("SLURM_STEPID");
    unsetenv("SLURM_PROCID");
#endif
    setenv("SLURM_NTASKS", "4", 1);
    expect(lines(1, name, own, 4, INFINITY), "picky: warning: the job has 4 tasks, of which picky uses one: launch it",
           true);
    setenv("SLURM_NTASKS", "1", 1);
    expect(lines(1, name, own, 4, INFINITY), "warning", false);
    unsetenv("SLURM_NTASKS");
}

static void test_file_systems(void **state)
{
    (void)state;
    static char table[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                          "not a line of it\n"
                          "30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2,local_lock=none\n"
                          "31 22 0:41 / /old rw - nfs server:/old rw,nolock,local_lock=all\n"
                          "32 22 0:42 / /scratch rw - lustre mds@tcp:/s rw,localflock\n"
                          "33 32 0:43 / /scratch/fast\\040one rw - tmpfs none rw\n"
                          "34 22 0:44 / /twice rw - xfs a rw,xnolock\n"
                          "35 34 0:45 / /twice rw - btrfs b rw\n";
    static const struct {
        const char *path, *mount_point, *type, *local_locks;
    } cases[] = {
        {"/", "/", "ext4", NULL},
        {"/homes/me", "/", "ext4", NULL},
        {"/home", "/home", "nfs4", NULL},
        {"/home/me", "/home", "nfs4", NULL},
        {"/old/x", "/old", "nfs", "nolock"},
        {"/scratch/me", "/scratch", "lustre", "localflock"},
        {"/scratch/fast one/me", "/scratch/fast one", "tmpfs", NULL},
        {"/twice/x", "/twice", "btrfs", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct file_system found = {0};
        FILE *stream = fmemopen(table, sizeof table - 1, "r");
        assert_true(diagnosis_file_system(stream, cases[i].path, &found));
        fclose(stream);
        assert_string_equal(found.mount_point, cases[i].mount_point);
        assert_string_equal(found.type, cases[i].type);
        if (cases[i].local_locks)
            assert_string_equal(found.local_locks, cases[i].local_locks);
        else
            assert_null(found.local_locks);
    }
    struct file_system found = {0};
    FILE *stream = fmemopen((char[]){"nothing\n"}, 8, "r");
    assert_false(diagnosis_file_system(stream, "/", &found));
    fclose(stream);
}

/* A scontrol that runs this script, first on the PATH. */
static void fake_scontrol(const char *folder, const char *script)
{
    char path[64];
    snprintf(path, sizeof path, "%s/scontrol", folder);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream, "#!/bin/sh\n%s\n", script);
    fclose(stream);
    assert_int_equal(chmod(path, 0755), 0);
}

static void expect_job(double wait_s, double start_s, double end_s)
{
    struct slurm_job job = slurm_job_find(wait_s);
    if (!(job.start_s == start_s && job.end_s == end_s))
        fail_msg("from %.0f to %.0f", job.start_s, job.end_s);
}

static void test_job_times(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_diagnosis.XXXXXX", path[4096], file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    setenv("TZ", "UTC-1", 1); /* Slurm speaks of local time */
    tzset();

    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_JOB_END_TIME");
    fake_scontrol(folder, "echo 'JobId=7 JobName=x StartTime=2026-11-24T12:30:00 EndTime=2026-11-24T13:00:00 Y=z'");
    expect_job(20, 0, 0);
    setenv("SLURM_JOB_ID", "7", 1);
    expect_job(20, 1795519800, 1795521600); /* date -u -d 2026-11-24T12:00:00 +%s */
    setenv("SLURM_JOB_END_TIME", "17", 1);
    expect_job(20, 0, 17);
    setenv("SLURM_JOB_START_TIME", "16", 1);
    expect_job(20, 16, 17);
    static const char *const no_times[] = {"", "soon", "0", "-5", "1700000100x"};
    for (size_t i = 0; i < sizeof no_times / sizeof no_times[0]; i++) {
        setenv("SLURM_JOB_END_TIME", no_times[i], 1);
        expect_job(20, 16, 0);
    }
    unsetenv("SLURM_JOB_END_TIME");
    unsetenv("SLURM_JOB_START_TIME");

    /* An array's tasks: this one's line. */
    fake_scontrol(folder, "[ \"$SLURM_TIME_FORMAT $*\" = 'standard -o show job 7' ] || exit 1\n"
                          "echo 'JobId=9 ArrayJobId=7 StartTime=2026-11-24T12:00:00 EndTime=2026-11-24T14:00:00'\n"
                          "echo 'JobId=7 ArrayJobId=7 EndTime=2026-11-24T13:00:01'");
    expect_job(20, 0, 1795521601);

    static const char *const none[] = {
        "exit 1",
        "echo 'JobId=7 StartTime=Unknown EndTime=Unknown'",
        "echo 'JobId=77 EndTime=2026-11-24T13:00:00'",
        "echo 'JobId=7 X=y'; echo 'JobId=8 EndTime=2026-11-24T13:00:00'",
        "echo slurm_load_jobs error >&2",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        fake_scontrol(folder, none[i]);
        expect_job(20, 0, 0);
    }
    /* More than is looked at, and one that does not answer. */
    fake_scontrol(folder, "echo 'JobId=7 EndTime=2026-11-24T13:00:00'; seq 100000");
    expect_job(20, 0, 1795521600);
    fake_scontrol(folder, "exec sleep 1000");
    expect_job(0.2, 0, 0);
    setenv("SLURM_JOB_ID", "7;x", 1);
    expect_job(20, 0, 0);

    snprintf(file, sizeof file, "%s/scontrol", folder);
    unlink(file);
    rmdir(folder);
}

int main(void)
{
    /* The surroundings may be a job's. */
    static const char *const variables[] = {"SLURM_STEP_NUM_TASKS",
                                            "SLURM_NTASKS",
                                            "SLURM_PTY_PORT",
                                            "SLURM_STEPID",
                                            "SLURM_PROCID",
                                            "PMI_SIZE",
                                            "PMI_RANK",
                                            "PMIX_RANK",
                                            "OMPI_COMM_WORLD_SIZE",
                                            "OMPI_COMM_WORLD_RANK"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placement),    cmocka_unit_test(test_shared_memory), cmocka_unit_test(test_crowding),
        cmocka_unit_test(test_quota),        cmocka_unit_test(test_launched_rank), cmocka_unit_test(test_launchers),
        cmocka_unit_test(test_file_systems), cmocka_unit_test(test_job_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
