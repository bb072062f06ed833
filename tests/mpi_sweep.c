/* Coordinator and workers over MPI, with a results file in memory and made-up jobs, or (-DREAL_JOBS) real ones.
 *
 *   mpirun -n N mpi_sweep [SCENARIO]...     all of them by default
 *
 * Every rank returns 0 if all is as it should be. The records are compared with those of a runner that did the same
 * jobs one at a time. */
#include "backoff.h"
#include "coordinator.h"
#include "fakes.h"
#include "stop.h"
#include "transport.h"
#include "wire.h"
#include "worker.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static int n_faults;
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            n_faults++;                                                                                                \
        }                                                                                                              \
    } while (0)

static struct hyperparameters *make_configs(const struct scenario *s, size_t *n_configs)
{
    *n_configs = (size_t)(s->n_shapes * s->configs_of_shape);
    struct hyperparameters *configs = calloc(*n_configs + 1, sizeof *configs);
    check(configs);
    for (size_t i = 0; i < *n_configs; i++) {
        struct hyperparameters *h = &configs[i];
        hyperparameters_default(h);
        h->hidden_size = 4 + (int64_t)i % s->n_shapes;
        h->hidden_layers = 2;
        h->N_train = 200;
        h->epochs = s->epochs ? s->epochs : 2;
        h->lr = 0.001 * (1 + (double)i / 100);
        h->error_threshold = 0.6;
        h->max_attempts = s->max_attempts;
    }
    return configs;
}

static void clear_provenance(const struct record_layout *layout, void *record)
{
    for (int f = 0; f < N_FIELDS; f++)
        if (record_fields[f].is_provenance && record_field(layout, record, (enum field)f))
            memset(record_field(layout, record, (enum field)f), 0,
                   layout->n_elements[f] * field_type_size(record_fields[f].type));
}

struct comparison {
    const struct record_layout *layout;
    const struct results *results;
    char *expected, *found;
    bool may_lack; /* slots may be pending */
};

static enum error_code compare(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    const struct comparison *c = context;
    memcpy(c->expected, record, c->layout->n_bytes);
    memcpy(c->found, fake_results_record(c->results, job->config, job->replicate), c->layout->n_bytes);
    clear_provenance(c->layout, c->expected);
    clear_provenance(c->layout, c->found);
    unsigned n_puts = fake_results_n_puts(c->results, job->config, job->replicate);
    EXPECT(n_puts == 1 || (n_puts == 0 && c->may_lack));
    EXPECT(n_puts == 0 || memcmp(c->expected, c->found, c->layout->n_bytes) == 0);
    return ERROR_NONE;
}

/* Every slot against a runner of its own, one job at a time. */
static void check_records(const struct scenario *s, const struct hyperparameters *configs, size_t n_configs,
                          const struct record_layout *layout, const struct results *results)
{
    struct comparison c = {layout, results, malloc(layout->n_bytes), malloc(layout->n_bytes), s->is_stopped};
    struct job_runner *runner;
    struct error error;
#ifndef REAL_JOBS
    fake_job.pack_s = 0;
#endif
    check(c.expected && c.found && !job_runner_create(&runner, layout, &error));
    for (size_t config = 0; config < n_configs; config++)
        for (int64_t replicate = 0; replicate < s->replicates; replicate++) {
            struct job job = {
                .config = config, .replicate = (uint64_t)replicate, .seed = 7 + replicate, .h = configs[config]};
            check(!job_runner_add(runner, &job, &error));
            while (job_runner_waiting(runner) > 0)
                check(!job_runner_step(runner, compare, &c, &error));
        }
    job_runner_destroy(runner);
    free(c.expected);
    free(c.found);
}

static void check_receipt(const struct scenario *s, size_t n_configs, int n_ranks, const struct record_layout *layout,
                          const struct results *results, const struct receipt *receipt)
{
    uint64_t counts[N_STATUSES] = {0}, *by_rank = calloc((size_t)n_ranks, sizeof *by_rank);
    check(by_rank);
    for (size_t config = 0; config < n_configs; config++)
        for (int64_t replicate = 0; replicate < s->replicates; replicate++) {
            const void *record = fake_results_record(results, config, (uint64_t)replicate);
            counts[*(const uint8_t *)record_field_const(layout, record, FIELD_STATUS)]++;
            int32_t rank = *(const int32_t *)record_field_const(layout, record, FIELD_RANK);
            EXPECT(rank >= 0 && rank < n_ranks);
            by_rank[rank]++;
        }
    EXPECT(memcmp(counts, receipt->counts, sizeof counts) == 0);
    EXPECT(receipt->is_stopped == s->is_stopped);
    EXPECT((counts[STATUS_PENDING] > 0) == s->is_stopped);
    EXPECT(n_configs * (size_t)s->replicates - counts[STATUS_PENDING] >= s->least_n_done);
    for (int rank = 0; s->uses_all_ranks && rank < n_ranks; rank++)
        EXPECT(by_rank[rank] > 0);
    EXPECT(receipt->n_ranks == n_ranks);
    EXPECT(receipt->wall_s > 0 && receipt->tail_s >= 0 && receipt->tail_s <= receipt->wall_s);
    EXPECT(receipt->busy <= 1.001);
    if (s->least_n_done > 0 || !s->is_stopped) {
        EXPECT(receipt->busy > 0);
        EXPECT(receipt->occupancy >= s->least_occupancy && receipt->occupancy <= 1);
    }
    EXPECT(receipt->longest_wait_s >= 0 && receipt->longest_wait_s <= receipt->wall_s);
    free(by_rank);
}

/* That one line, and no other, has it. */
static void check_said(FILE *said, const char *message)
{
    char line[1024];
    int n = 0;
    rewind(said);
    while (fgets(line, sizeof line, said)) {
        n += strstr(line, message) != NULL;
        fprintf(stderr, "%s", line);
    }
    EXPECT(n == 1);
}

/* Rank 0. Returns the exit code that a command line would. */
static int coordinate(const struct scenario *s, int n_ranks)
{
    size_t n_configs;
    struct hyperparameters *configs = make_configs(s, &n_configs);
    struct record_layout layout;
    struct plan *plan = NULL;
    struct progress progress;
    struct receipt receipt;
    struct error error;
    check(!record_layout_make(&layout, configs, n_configs, STORE_WEIGHTS, &error));
    check(!plan_create(&plan, configs, n_configs, s->replicates, 7, &error));
    struct results *results = fake_results_create(&layout, n_configs, (uint64_t)s->replicates);
    fake_results_fail(results, s->put_fails, s->sync_fails);
    FILE *said = tmpfile();
    char *hosts = calloc((size_t)n_ranks, HOST_MAX);
    check(said && hosts);
    struct coordinator_watch watch = {.deadline_s = s->time_limit_s > 0 ? clock_s() + s->time_limit_s : INFINITY,
                                      .silence_s = s->mute_s > 0 ? s->mute_s / 3 : 30,
                                      .hosts = hosts};
    progress_start(&progress, said, plan_jobs_total(plan));
    int exit_code = (int)coordinator_run(MPI_COMM_WORLD, plan, results, &layout, &watch, &progress, &receipt, &error);
    if (exit_code) {
        fprintf(stderr, "%s\n", error.message);
        EXPECT(s->message && strstr(error.message, s->message));
    } else {
        if (s->message && (n_ranks > 1 || s->mute_s == 0))
            check_said(said, s->message);
        progress_receipt(stderr, &receipt);
        check_receipt(s, n_configs, n_ranks, &layout, results, &receipt);
        check_records(s, configs, n_configs, &layout, results);
    }
    fclose(said);
    free(hosts);
    plan_destroy(plan);
    fake_results_destroy(results);
    free(configs);
    return exit_code;
}

/* Does what a worker of another version does: cannot read the first message, says so in its own way, and leaves with
 * the next one. */
static int work_as_foreigner(void)
{
    uint64_t incoming[WIRE_TO_WORKER_MAX / 8], failure[WIRE_SMALL_MAX / 8];
    MPI_Recv(incoming, WIRE_TO_WORKER_MAX / 8, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    wire_failure_write(failure, &(struct error){.code = ERROR_INPUT, .message = "cannot be read"});
    failure[1] = WIRE_VERSION + 1;
    MPI_Send(failure, (int)(wire_failure_size() / 8), MPI_UINT64_T, 0, 0, MPI_COMM_WORLD);
    MPI_Recv(incoming, WIRE_TO_WORKER_MAX / 8, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    transport_meet(MPI_COMM_WORLD);
    return ERROR_INPUT;
}

static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Makes this process get a signal after a while. */
static void send_later(int signal, double after_s, timer_t *timer)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)after_s}};
    when.it_value.tv_nsec = (long)(1e9 * (after_s - (double)when.it_value.tv_sec));
    check(timer_create(CLOCK_MONOTONIC, &event, timer) == 0 && timer_settime(*timer, 0, &when, NULL) == 0);
}

/* Sets up this rank's jobs. */
static void prepare(const struct scenario *s, int rank, int n_ranks)
{
#ifdef REAL_JOBS
    (void)s, (void)rank, (void)n_ranks;
#else
    fake_job = s->job;
    bool is_faulty = rank == (s->faulty_rank < 0 ? n_ranks - 1 : s->faulty_rank);
    if (!is_faulty) {
        fake_job.fails_to_create = false;
        fake_job.fails_at_pack = 0;
    }
    if (is_faulty && rank > 0 && s->faulty_pack_s > 0)
        fake_job.pack_s = s->faulty_pack_s;
#endif
}

static void play(const struct scenario *s, int rank, int n_ranks)
{
    prepare(s, rank, n_ranks);
    timer_t timer;
    bool is_faulty = rank == (s->faulty_rank < 0 ? n_ranks - 1 : s->faulty_rank);
    stop_catch_signals();
    if (s->signal && is_faulty)
        send_later(s->signal, s->signal_after_s, &timer);
    double start_s = clock_s(), start_cpu_s = cpu_s();
    int exit_code;
    if (rank > 0) {
        if (is_faulty && s->mute_s > 0)
            backoff_sleep(s->mute_s);
        exit_code = rank == s->foreign_rank ? work_as_foreigner() : worker_run(MPI_COMM_WORLD);
    } else {
        fprintf(stderr, "---- %s on %d\n", s->name, n_ranks);
        if (s->is_never_run)
            backoff_sleep(1); /* as long as a large sweep file takes */
        exit_code = s->is_never_run ? ERROR_INPUT : coordinate(s, n_ranks);
        coordinator_release(MPI_COMM_WORLD, exit_code);
    }
    if (s->signal && is_faulty)
        timer_delete(timer);
    double wall_s = clock_s() - start_s, share = (cpu_s() - start_cpu_s) / wall_s;

    EXPECT(exit_code == s->expected_exit_code);
    if (s->longest_s > 0)
        EXPECT(wall_s < s->longest_s);
    if (s->idle > 0) {
        fprintf(stderr, "rank %d: %.1f %% of a core over %.1f s\n", rank, 100 * share, wall_s);
        EXPECT(share < s->idle);
    }
}

int main(int argc, char **argv)
{
    int provided, rank, n_ranks, n_played = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        bool is_chosen = argc == 1 && n_ranks > scenarios[i].foreign_rank;
        for (int k = 1; k < argc; k++)
            is_chosen |= strcmp(argv[k], scenarios[i].name) == 0;
        if (is_chosen) {
            play(&scenarios[i], rank, n_ranks);
            n_played++;
        }
    }
    EXPECT(n_played == (argc > 1 ? argc - 1 : n_played));
    EXPECT(n_played > 0);
    MPI_Finalize();
    return n_faults > 0;
}
