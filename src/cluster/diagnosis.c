#include "diagnosis.h"

#include "clock.h"
#include "cpus.h"
#include "hash.h"
#include "launch.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where ranks run ------------------------------------------------------------------------------------------- */

struct placement *diagnosis_gather(MPI_Comm comm, int argc, char **argv)
{
    struct placement mine = {0}, *all = NULL;
    cpu_set_t set;
    int rank, n_ranks;
    mine.n_online = (uint32_t)cpus_online();
    mine.quota = cpus_quota("");
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (size_t cpu = 0; cpu < PLACEMENT_CPUS; cpu++)
            if (CPU_ISSET(cpu, &set))
                mine.may_use[cpu / 64] |= UINT64_C(1) << cpu % 64;
    mine.memory = memory_find("");
    mine.arguments = HASH_START;
    for (int i = 0; i < argc; i++)
        mine.arguments = hash_text(mine.arguments, argv[i]);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    if (rank == 0) {
        all = calloc((size_t)n_ranks, sizeof *all);
        check(all);
    }
    MPI_Gather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, comm);
    return all;
}

/* CPUs that the rank is allowed to run on. */
static int count_mask(const struct placement *placement)
{
    int n = 0;
    for (int i = 0; i < PLACEMENT_CPUS / 64; i++)
        n += __builtin_popcountll(placement->may_use[i]);
    return n;
}

/* Those of them that it can keep busy. */
static int count_cpus(const struct placement *placement)
{
    return cpus_under_quota(count_mask(placement), placement->quota);
}

/* A rank, for sorting: by host, then by the CPUs that it may use. */
struct seat {
    const char *host;
    const struct placement *placement;
    int rank;
};

static int compare_seats(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    int order = strcmp(x->host, y->host);
    if (order == 0)
        order = memcmp(x->placement->may_use, y->placement->may_use, sizeof x->placement->may_use);
    return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

/* The length of the name in "name (instruction set)"; what is behind it begins with a space. */
static int host_name(const char *host)
{
    const char *bracket = strrchr(host, '(');
    return bracket && bracket > host ? (int)(bracket - host - 1) : (int)strlen(host);
}

/* The ranks sorted, n of them; the caller frees it. */
static struct seat *make_seats(const char *hosts, const struct placement *placements, int n)
{
    struct seat *seats = calloc((size_t)n, sizeof *seats);
    check(seats);
    for (int rank = 0; rank < n; rank++)
        seats[rank] = (struct seat){hosts + (size_t)rank * HOST_MAX, &placements[rank], rank};
    qsort(seats, (size_t)n, sizeof *seats, compare_seats);
    return seats;
}

uint64_t *diagnosis_share_memory(const char *hosts, const struct placement *placements, int n_ranks)
{
    uint64_t *memory = calloc((size_t)n_ranks, sizeof *memory);
    check(memory);
    struct seat *seats = make_seats(hosts, placements, n_ranks);
    for (int first = 0, last; first < n_ranks; first = last) {
        last = first + 1;
        while (last < n_ranks && strcmp(seats[last].host, seats[first].host) == 0)
            last++;
        for (int i = first; i < last; i++)
            memory[seats[i].rank] = memory_budget(&seats[i].placement->memory, last - first);
    }
    free(seats);
    return memory;
}

/* ---- launchers ------------------------------------------------------------------------------------------------- */

enum { TAG_OF_ARGUMENTS = 1, ARGUMENTS_BYTES = 1 << 16 };

/* The arguments one after the other, each with its NUL, as far as they fit; returns their length. */
static int pack_arguments(int argc, char **argv, char packed[ARGUMENTS_BYTES])
{
    size_t used = 0;
    for (int i = 0; i < argc && used + strlen(argv[i]) < ARGUMENTS_BYTES; i++) {
        memcpy(packed + used, argv[i], strlen(argv[i]) + 1);
        used += strlen(argv[i]) + 1;
    }
    return (int)used;
}

/* The first text of n_bytes of packed ones that is not among others; NULL if there is none. */
static const char *find_other(const char *packed, int n_bytes, const char *others, int n_other_bytes)
{
    for (const char *at = packed; at < packed + n_bytes; at += strlen(at) + 1) {
        const char *other = others;
        while (other < others + n_other_bytes && strcmp(at, other) != 0)
            other += strlen(other) + 1;
        if (other >= others + n_other_bytes)
            return at;
    }
    return NULL;
}

static void quote_argument(const char *argument, char text[128])
{
    if (argument)
        snprintf(text, 128, "\"%.100s\"", argument);
    else
        snprintf(text, 128, "nothing");
}

/* Names what differs between the arguments of `rank` and those of rank 0, both packed. */
static enum error_code refuse_arguments(int rank, const char *host, const char *packed, int n_bytes, const char *own,
                                        int n_own_bytes, int n_others, struct error *error)
{
    char theirs[128], ours[128], others[48] = "";
    const char *other = find_other(packed, n_bytes, own, n_own_bytes);
    const char *missing = find_other(own, n_own_bytes, packed, n_bytes);
    quote_argument(other, theirs);
    quote_argument(missing, ours);
    if (n_others > 0)
        snprintf(others, sizeof others, ", %d more differ%s", n_others, n_others == 1 ? "s" : "");
    if (!other && !missing)
        snprintf(theirs, sizeof theirs, "another order");
    return error_set(error, ERROR_INPUT,
                     "rank %d on %s has %s among its arguments where rank 0 has %s%s; allowed: the same on every rank "
                     "(several sweeps: an mpirun for each; one sweep in parts: an mpirun for each --shard)",
                     rank, host, theirs, ours, others);
}

enum error_code diagnosis_check_arguments(MPI_Comm comm, const char *hosts, const struct placement *placements,
                                          int argc, char **argv, struct error *error)
{
    int own, n_ranks, first = 0, n_different = 0, n_bytes;
    char *packed = malloc(2 * ARGUMENTS_BYTES), *received = packed + ARGUMENTS_BYTES;
    check(packed);
    MPI_Status status;
    MPI_Comm_rank(comm, &own);
    MPI_Comm_size(comm, &n_ranks);
    for (int rank = n_ranks - 1; own == 0 && rank > 0; rank--)
        if (placements[rank].arguments != placements[0].arguments) {
            first = rank;
            n_different++;
        }
    MPI_Bcast(&first, 1, MPI_INT, 0, comm);
    error->code = ERROR_NONE;
    if (first > 0 && own == first) {
        MPI_Send(packed, pack_arguments(argc, argv, packed), MPI_BYTE, 0, TAG_OF_ARGUMENTS, comm);
    } else if (first > 0 && own == 0) {
        MPI_Recv(received, ARGUMENTS_BYTES, MPI_BYTE, first, TAG_OF_ARGUMENTS, comm, &status);
        MPI_Get_count(&status, MPI_BYTE, &n_bytes);
        refuse_arguments(first, hosts + (size_t)first * HOST_MAX, received, n_bytes, packed,
                         pack_arguments(argc, argv, packed), n_different - 1, error);
    }
    free(packed);
    return error->code;
}

enum error_code diagnosis_check_srun(struct error *error)
{
#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION < 5
    bool is_first = launch_number("SLURM_PROCID") == 0;
    /* SLURM_STEPID is what Open MPI goes by. mpirun's own processes are in a step, too. */
    if (!getenv("SLURM_STEPID") || getenv("PMIX_RANK") || getenv("OMPI_COMM_WORLD_RANK"))
        return ERROR_NONE;
    if (!getenv("PMI_RANK"))
        return error_set(
            error, ERROR_INPUT, "%s",
            is_first ? "srun without PMIx, so that MPI cannot start: launch by srun --mpi=pmix, or by mpirun" : "");
    if (is_first) /* an Open MPI can be built for it */
        fprintf(stderr, "picky: srun with PMI, not PMIx: if MPI does not start now, launch by srun --mpi=pmix, or by "
                        "mpirun\n");
#else
    (void)error;
#endif
    return ERROR_NONE;
}

enum error_code diagnosis_check_launch(int n_ranks, struct error *error)
{
    /* How launchers tell how many processes they start, and which of them this is. */
    static const struct {
        const char *launcher, *n, *rank;
    } launchers[] = {
        {"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
        {"a launcher", "PMI_SIZE", "PMI_RANK"},
        {"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    };
    if (n_ranks > 1 || getenv("SLURM_PTY_PORT")) /* of a shell in an interactive step there is one */
        return ERROR_NONE;
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++) {
        long n = launch_number(launchers[i].n);
        if (n <= 1)
            continue;
        if (launch_number(launchers[i].rank) > 0)
            return error_set(error, ERROR_INPUT, "%s", "");
        return error_set(error, ERROR_INPUT,
                         "%s started %ld copies that do not know of each other (%s=%ld, but one MPI rank): launch "
                         "by srun --mpi=pmix, or by the mpirun of the MPI that picky was built with",
                         launchers[i].launcher, n, launchers[i].n, n);
    }
    return ERROR_NONE;
}

/* ---- the output ------------------------------------------------------------------------------------------------ */

/* Undoes mountinfo's \040 and the like, in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        unsigned code;
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1 && strspn(from + 1, "01234567") >= 3) {
            *to = (char)code;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The option, of a comma-separated list, by which locks do not reach other nodes (nfs(5), mount.lustre(8)). */
static const char *find_local_locks(const char *options)
{
    static const char *const known[] = {"nolock", "local_lock=all", "local_lock=flock", "local_lock=posix",
                                        "localflock"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t length = strlen(known[i]);
        for (const char *at = options; (at = strstr(at, known[i])); at++)
            if ((at == options || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
                return known[i];
    }
    return NULL;
}

bool diagnosis_file_system(FILE *mountinfo, const char *path, struct file_system *found)
{
    char *line = NULL;
    size_t size = 0, longest = 0;
    while (getline(&line, &size, mountinfo) > 0) {
        /* id parent major:minor root MOUNT_POINT options [optional fields] - TYPE source SUPER_OPTIONS (proc(5)) */
        char mount_point[PATH_MAX], type[32], options[1024] = "";
        const char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %*s %4095s", mount_point) != 1 ||
            sscanf(rest, " - %31s %*s %1023s", type, options) < 1)
            continue;
        unescape(mount_point);
        size_t length = strcmp(mount_point, "/") == 0 ? 0 : strlen(mount_point);
        /* The longest prefix; of equal ones the last, which is mounted over the others. */
        if (strncmp(path, mount_point, length) != 0 || (path[length] != '/' && path[length] != '\0') ||
            length < longest)
            continue;
        longest = length;
        snprintf(found->mount_point, sizeof found->mount_point, "%.255s", mount_point);
        snprintf(found->type, sizeof found->type, "%s", type);
        found->local_locks = find_local_locks(options);
    }
    free(line);
    return longest > 0 || found->type[0];
}

/* The file system that the folder of `output` is on; false if it cannot be told. */
static bool find_file_system(const char *output, struct file_system *found)
{
    char *copy = strdup(output), *folder = copy ? realpath(dirname(copy), NULL) : NULL;
    FILE *mountinfo = folder ? fopen("/proc/self/mountinfo", "r") : NULL;
    bool is_found = mountinfo && diagnosis_file_system(mountinfo, folder, found);
    if (mountinfo)
        fclose(mountinfo);
    free(folder);
    free(copy);
    return is_found;
}

/* ---- the lines ------------------------------------------------------------------------------------------------- */

/* "3", or "1 to 3". */
static void range_text(int least, int most, char text[32])
{
    snprintf(text, 32, least == most ? "%d" : "%d to %d", least, most);
}

/* Ranks, nodes and CPUs. */
static void print_placement(FILE *stream, const struct diagnosis *diagnosis, const struct seat *seats)
{
    int n_nodes = 0, most = 0, least = INT_MAX, most_cpus = 0, least_cpus = INT_MAX;
    int n = diagnosis->n_ranks;
    bool is_mixed = false;
    for (int first = 0, last; first < n; first = last) {
        for (last = first; last < n && strcmp(seats[last].host, seats[first].host) == 0; last++) {
            int cpus = count_cpus(seats[last].placement);
            least_cpus = cpus < least_cpus ? cpus : least_cpus;
            most_cpus = cpus > most_cpus ? cpus : most_cpus;
        }
        n_nodes++;
        least = last - first < least ? last - first : least;
        most = last - first > most ? last - first : most;
        is_mixed |=
            strcmp(seats[first].host + host_name(seats[first].host), seats[0].host + host_name(seats[0].host)) != 0;
    }
    const char *simd = seats[0].host + host_name(seats[0].host);
    char per_node[32], cpus[32];
    range_text(least, most, per_node);
    range_text(least_cpus, most_cpus, cpus);
    fprintf(stream, "picky: %d rank%s%s on %d node%s, %s a node, 2 threads each (one trains); ", n, n == 1 ? "" : "s",
            is_mixed ? " (several instruction sets)" : simd, n_nodes, n_nodes == 1 ? "" : "s", per_node);
    if (most_cpus == 0)
        fprintf(stream, "the CPUs of a rank are not known\n");
    else
        fprintf(stream, "a rank may use %s of its node's %" PRIu32 " CPU%s\n", cpus, seats[0].placement->n_online,
                seats[0].placement->n_online == 1 ? "" : "s");
}

/* Names the ranks that have fewer CPUs than they are; of many such groups the first, which stands for the rest. */
static void print_crowding(FILE *stream, const struct diagnosis *diagnosis, const struct seat *seats)
{
    int n_crowded = 0;
    for (int first = 0, last; first < diagnosis->n_ranks; first = last) {
        const struct seat *seat = &seats[first];
        for (last = first + 1;
             last < diagnosis->n_ranks && strcmp(seats[last].host, seat->host) == 0 &&
             memcmp(seats[last].placement->may_use, seat->placement->may_use, sizeof seat->placement->may_use) == 0;)
            last++;
        int n_cpus = count_mask(seat->placement), n_online = (int)seat->placement->n_online;
        if (n_cpus == 0 || last - first <= n_cpus || n_crowded++ > 0)
            continue;
        fprintf(stream, "picky: warning: %d ranks on %.*s share %d CPU%s", last - first, host_name(seat->host),
                seat->host, n_cpus, n_cpus == 1 ? "" : "s");
        if (n_cpus < n_online)
            fprintf(stream,
                    " of %d: unbind them (mpirun --bind-to none, srun --cpu-bind=none), or ask for a CPU for each\n",
                    n_online);
        else
            fprintf(stream, ", all it has: start no more than %d there\n", n_cpus);
    }
    if (n_crowded > 1)
        fprintf(stream, "picky: warning: the same holds for %d more group%s of ranks\n", n_crowded - 1,
                n_crowded == 2 ? "" : "s");
}

/* Names a host whose ranks have more threads to train with than their control group has CPUs, whatever they are bound
 * to; of several the first. */
static void print_quota(FILE *stream, const struct diagnosis *diagnosis, const struct seat *seats)
{
    for (int first = 0, last; first < diagnosis->n_ranks; first = last) {
        double quota = INFINITY;
        for (last = first; last < diagnosis->n_ranks && strcmp(seats[last].host, seats[first].host) == 0; last++)
            quota = fmin(quota, seats[last].placement->quota);
        if (last - first <= fmax(1, quota))
            continue;
        fprintf(stream,
                "picky: warning: %d ranks on %.*s share %.3g CPU%s by a control group's quota: start no more than %d "
                "there, or ask for more\n",
                last - first, host_name(seats[first].host), seats[first].host, quota, quota > 1 ? "s" : "",
                cpus_under_quota(last - first, quota));
        return;
    }
}

/* Where the output is (NULL: not known), and until when there is time. */
static void print_output(FILE *stream, const struct diagnosis *diagnosis, const struct file_system *file_system)
{
    if (file_system)
        fprintf(stream, "picky: the output is on %s (%s); ", file_system->mount_point, file_system->type);
    else
        fprintf(stream, "picky: the output is on an unknown file system; ");
    if (isfinite(diagnosis->deadline_s)) {
        char text[CLOCK_TEXT_MAX];
        clock_text(clock_calendar_s() + diagnosis->deadline_s - clock_s(), text);
        fprintf(stream, "training must end by %s (%s)\n", text, diagnosis->deadline_source);
    } else {
        fprintf(stream, "no time limit\n");
    }
}

static void print_locks(FILE *stream, const struct file_system *file_system)
{
    if (file_system->local_locks)
        fprintf(stream,
                "picky: warning: %s is mounted with %s, so that locks are not seen by other nodes: take care that one "
                "run at a time writes a file\n",
                file_system->mount_point, file_system->local_locks);
}

void diagnosis_print(FILE *stream, const struct diagnosis *diagnosis, const char *output, bool is_quiet)
{
    struct seat *seats = make_seats(diagnosis->hosts, diagnosis->placements, diagnosis->n_ranks);
    struct file_system file_system = {0};
    bool is_found = find_file_system(output, &file_system);
    if (!is_quiet) {
        print_placement(stream, diagnosis, seats);
        print_output(stream, diagnosis, is_found ? &file_system : NULL);
    }
    print_locks(stream, &file_system);
    print_crowding(stream, diagnosis, seats);
    print_quota(stream, diagnosis, seats);
    if (diagnosis->n_ranks == 1 && launch_number("SLURM_NTASKS") > 1)
        fprintf(stream,
                "picky: warning: the job has %ld tasks, of which picky uses one: launch it by srun --mpi=pmix or "
                "mpirun\n",
                launch_number("SLURM_NTASKS"));
    free(seats);
}
