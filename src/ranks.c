#include "ranks.h"

#include "backoff.h"
#include "cli.h"
#include "kernels/kernels.h"
#include "stop.h"
#include "worker.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static void abort_all_ranks(void)
{
    MPI_Abort(MPI_COMM_WORLD, ERROR_FATAL);
}

/* "host (instruction set)" of every rank: hosts [n_ranks][HOST_MAX] on rank 0. Collective. */
static void gather_hosts(char *hosts)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "", mine[HOST_MAX] = "";
    int length;
    struct error error;
    const struct kernels *kernels;
    MPI_Get_processor_name(name, &length);
    snprintf(mine, sizeof mine, "%.70s (%s)", name, kernels_choose(&kernels, &error) ? "?" : kernels->name);
    MPI_Gather(mine, HOST_MAX, MPI_CHAR, hosts, HOST_MAX, MPI_CHAR, 0, MPI_COMM_WORLD);
}

enum error_code ranks_check(const struct ranks *ranks, bool may_be_apart, struct error *error)
{
    const struct kernels *kernels;
    if ((!may_be_apart && diagnosis_check_launch(ranks->transport->n_ranks, error)) || kernels_choose(&kernels, error))
        return error->code;
    for (int rank = 0; rank < ranks->transport->n_ranks; rank++) {
        const char *host = ranks->hosts + (size_t)rank * HOST_MAX;
        if (strstr(host, "(?)"))
            return error_set(error, ERROR_INPUT, "PICKY_SIMD = \"%.40s\": rank %d on %.70s cannot run it",
                             getenv("PICKY_SIMD"), rank, host);
    }
    return ERROR_NONE;
}

int ranks_main(int argc, char **argv, int (*rank0)(void *context, const struct ranks *ranks), void *context)
{
    int provided, exit_code;
    struct transport transport;
    struct error error;
    double start_s = clock_s();
    stop_catch_signals();
    if (diagnosis_check_srun(&error))
        return report_error(&error);
    transport_prepare();
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
        fprintf(stderr, "picky: MPI could not be started\n");
        return ERROR_FATAL;
    }
    error_set_bug_handler(abort_all_ranks);
    if (transport_open(&transport, MPI_COMM_WORLD, &error)) {
        report_error(&error);
        abort_all_ranks();
    }

    char *hosts = calloc((size_t)transport.n_ranks, HOST_MAX);
    check(hosts);
    gather_hosts(hosts);
    struct placement *placements = diagnosis_gather(MPI_COMM_WORLD);
    if (transport.rank == 0) {
        uint64_t *memory = diagnosis_share_memory(hosts, placements, transport.n_ranks);
        exit_code = rank0(context, &(struct ranks){&transport, hosts, placements, memory, start_s});
        free(memory);
        coordinator_release(&transport, exit_code);
    } else {
        exit_code = worker_run(&transport, WORKER_HEARTBEAT_S);
    }
    free(placements);
    free(hosts);
    transport_close(&transport);
    MPI_Finalize();
    return exit_code;
}
