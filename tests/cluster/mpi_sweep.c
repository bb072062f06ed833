/* Coordinator and workers over MPI, with a results file in memory and made-up jobs, or (-DREAL_JOBS) real ones.
 *
 *   mpirun -n N mpi_sweep [SCENARIO]...     all of them by default
 *
 * Every rank returns 0 if all is as it should be. The records are compared with those of a runner that did the same
 * jobs one at a time. */
#include "backoff.h"
#include "clock.h"
#include "coordinator.h"
#include "mpi_scenarios.h"
#include "stop.h"
#include "wire.h"
#include "worker.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int n_faults;
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            n_faults++;                                                                                                \
        }                                                                                                              \
    } while (0)

static const double HEARTBEAT_S = 0.2;

static const struct scenario *playing;

/* MPI's own, which can be made to fail. */
static int n_sends;
static bool may_fail; /* on this rank */
int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm, MPI_Request *request)
{
    if (may_fail && playing->send_fails > 0 && ++n_sends >= playing->send_fails)
        return MPI_ERR_OTHER;
    return PMPI_Isend(buffer, count, type, rank, tag, comm, request);
}

static bool is_deadly(uint64_t config, uint64_t replicate)
{
    return config < playing->n_deadly && replicate == 20;
}

#ifndef REAL_JOBS
/* The first job to ask is the one. */
static bool kills_moved(const struct job *job)
{
    if (job->attempt == 0)
        return false;
    int file = open(playing->name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    uint64_t killer = job->replicate;
    if (file >= 0)
        return write(file, &killer, sizeof killer) == sizeof killer;
    file = open(playing->name, O_RDONLY);
    return read(file, &killer, sizeof killer) == sizeof killer && killer == job->replicate;
}

static bool kills(const struct job *job)
{
    if (playing->kills == KILLS_MOVED)
        return kills_moved(job);
    char name[64];
    if (!is_deadly(job->config, job->replicate))
        return false;
    snprintf(name, sizeof name, "%s.%d", playing->name, (int)job->config);
    return playing->kills == KILLS_ALWAYS || open(name, O_CREAT | O_EXCL, 0600) >= 0;
}
#endif

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

/* A job that is given up when two ranks have died of it. */
static bool is_fatal(const struct record_layout *layout, const struct job *job, const void *found)
{
    const char *reason = record_field_const(layout, found, FIELD_REASON);
    if (playing->kills == KILLS_MOVED)
        return *reason;
    return playing->kills == KILLS_ALWAYS && is_deadly(job->config, job->replicate);
}

struct comparison {
    const struct record_layout *layout;
    const struct results *results;
    char *expected, *found;
    bool may_lack; /* slots may be pending */
    int n_fatal;
};

static enum error_code compare(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    struct comparison *c = context;
    memcpy(c->expected, record, c->layout->n_bytes);
    memcpy(c->found, fake_results_record(c->results, job->config, job->replicate), c->layout->n_bytes);
    if (is_fatal(c->layout, job, c->found)) {
        c->n_fatal++;
        const char *reason = record_field(c->layout, c->found, FIELD_REASON);
        EXPECT(*(uint8_t *)record_field(c->layout, c->found, FIELD_STATUS) == STATUS_ERROR);
        EXPECT(*(int64_t *)record_field(c->layout, c->found, FIELD_SEED) == job->seed);
        EXPECT(fake_results_n_puts(c->results, job->config, job->replicate) == 1);
        EXPECT(strcmp(reason, "two ranks died in training it") == 0);
        EXPECT(*(uint16_t *)record_field(c->layout, c->found, FIELD_ATTEMPTS) == (playing->kills == KILLS_MOVED));
        return ERROR_NONE;
    }
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
    struct comparison c = {layout, results, malloc(layout->n_bytes), malloc(layout->n_bytes), s->is_stopped, 0};
    struct job_runner *runner;
    struct error error;
#ifndef REAL_JOBS
    fake_job.pack_s = 0;
    fake_job.kills = NULL;
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
    EXPECT(s->kills != KILLS_MOVED || c.n_fatal == 1);
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

/* Lines that have it. */
static int count_said(FILE *said, const char *message)
{
    char line[1024];
    int n = 0;
    rewind(said);
    while (fgets(line, sizeof line, said))
        n += strstr(line, message) != NULL;
    return n;
}

static void check_said(const struct scenario *s, FILE *said)
{
    char line[1024];
    rewind(said);
    while (fgets(line, sizeof line, said))
        fprintf(stderr, "%s", line);
    EXPECT(!s->message || count_said(said, s->message) == 1);
    EXPECT(!s->later_message || count_said(said, s->later_message) == 1);
    EXPECT(count_said(said, " not been heard of ") == (s->stopped_s > 0));
    EXPECT(s->n_deaths == 0 || count_said(said, " died") == s->n_deaths);
}

/* Rank 0. Returns the exit code that a command line would. */
static int coordinate(const struct scenario *s, struct transport *transport)
{
    int n_ranks = transport->n_ranks;
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
    for (int rank = 0; rank < n_ranks; rank++)
        snprintf(hosts + (size_t)rank * HOST_MAX, HOST_MAX, "here");
    struct coordinator_watch watch = {.deadline_s = s->time_limit_s > 0 ? clock_s() + s->time_limit_s : INFINITY,
                                      .silence_s = s->stopped_s > 0 ? s->stopped_s / 2 : 30,
                                      .hosts = hosts};
    progress_start(&progress, said, plan_jobs_total(plan), false);
    const struct record_sink sink = coordinator_results_sink(results);
    int exit_code = (int)coordinator_run(transport, plan, &sink, &layout, &watch, &progress, &receipt, &error);
    if (exit_code) {
        fprintf(stderr, "%s\n", error.message);
        EXPECT(s->message && strstr(error.message, s->message));
    } else {
        check_said(s, said);
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
static int work_as_foreigner(struct transport *transport)
{
    uint64_t incoming[WIRE_TO_WORKER_MAX / 8], failure[WIRE_SMALL_MAX / 8];
    MPI_Recv(incoming, WIRE_TO_WORKER_MAX / 8, MPI_UINT64_T, 0, 0, transport->comm, MPI_STATUS_IGNORE);
    wire_failure_write(failure, &(struct error){.code = ERROR_INPUT, .message = "cannot be read"});
    failure[1] = WIRE_VERSION + 1;
    MPI_Send(failure, (int)(wire_failure_size() / 8), MPI_UINT64_T, 0, 0, transport->comm);
    MPI_Recv(incoming, WIRE_TO_WORKER_MAX / 8, MPI_UINT64_T, 0, 0, transport->comm, MPI_STATUS_IGNORE);
    transport_meet(transport);
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

/* Has this process stopped for a while, by a child. */
static void be_stopped_later(double after_s, double for_s)
{
    pid_t self = getpid(), child = fork();
    if (child != 0)
        return;
    backoff_sleep(after_s);
    kill(self, SIGSTOP);
    backoff_sleep(for_s);
    kill(self, SIGCONT);
    _exit(0);
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
    if (rank == 0 && s->own_pack_s > 0)
        fake_job.pack_s = s->own_pack_s;
    fake_job.kills = rank > 0 && s->kills ? kills : NULL;
    if (is_faulty && rank > 0 && s->faulty_pack_s > 0)
        fake_job.pack_s = s->faulty_pack_s;
#endif
}

/* Has this process killed, if its rank is one of those that are to be. */
static void be_killed_later(const struct scenario *s, int rank, int n_ranks)
{
    timer_t timer = {0};
    int nth = rank - (n_ranks - s->n_killed);
    if (!(rank > 0 ? nth >= 0 : s->kills_coordinator))
        return;
    double after_s = s->killed_after_s + (rank > 0 ? nth * s->killed_every_s : 0);
    if (after_s == 0)
        raise(SIGKILL);
    send_later(SIGKILL, after_s, &timer);
}

static void play(const struct scenario *s, struct transport *transport)
{
    int rank = transport->rank, n_ranks = transport->n_ranks, exit_code;
    playing = s;
    prepare(s, rank, n_ranks);
    timer_t timer = {0};
    bool is_faulty = rank == (s->faulty_rank < 0 ? n_ranks - 1 : s->faulty_rank);
    may_fail = is_faulty;
    stop_catch_signals();
    if (s->signal && is_faulty)
        send_later(s->signal, s->signal_after_s, &timer);
    if (s->stopped_s > 0 && is_faulty)
        be_stopped_later(s->stopped_after_s, s->stopped_s);
    be_killed_later(s, rank, n_ranks);
    double start_s = clock_s(), start_cpu_s = cpu_s();
    if (rank > 0) {
        exit_code = rank == s->foreign_rank ? work_as_foreigner(transport) : worker_run(transport, HEARTBEAT_S);
    } else {
        fprintf(stderr, "---- %s on %d\n", s->name, n_ranks);
        if (s->is_never_run)
            backoff_sleep(0.3); /* as long as a large sweep file takes */
        exit_code = s->is_never_run ? ERROR_INPUT : coordinate(s, transport);
        coordinator_release(transport, exit_code);
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

static bool is_chosen(const struct scenario *s, int n_ranks, int n_names, char **names)
{
    for (int k = 0; k < n_names; k++)
        if (strcmp(names[k], s->name) == 0)
            return true;
    return n_names == 0 && n_ranks > s->foreign_rank && (s->n_ranks == 0 || s->n_ranks == n_ranks) && !s->is_alone &&
           !s->needs_survival;
}

int main(int argc, char **argv)
{
    int provided, n_played = 0;
    struct transport transport;
    struct error error;
    transport_prepare(false);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    check(!transport_open(&transport, MPI_COMM_WORLD, &error));
    for (size_t i = 0; i < n_scenarios; i++)
        if (is_chosen(&scenarios[i], transport.n_ranks, argc - 1, argv + 1)) {
            play(&scenarios[i], &transport);
            n_played++;
        }
    EXPECT(n_played > 0 && (argc == 1 || n_played == argc - 1));
    transport_close(&transport);
    MPI_Finalize();
    return n_faults > 0;
}
