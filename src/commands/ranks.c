#include "ranks.h"

#include "clock.h"
#include "hello.h"
#include "kernels.h"
#include "launch.h"
#include "stop.h"
#include "watchdog.h"
#include "worker.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

bool ranks_parse(struct arguments *arguments, const struct command *command, const char *allowed,
                 const char *operand_names, int argc, char **argv, int *exit_code)
{
    stop_catch_signals();
    enum arguments_result result = arguments_parse(arguments, command, allowed, operand_names, argc, argv);
    struct error error;
    if (result == ARGUMENTS_BAD)
        *exit_code = ERROR_INPUT;
    else if (result == ARGUMENTS_HELP)
        *exit_code = one_of_several() ? refuse_among_several(command->name) : 0;
    else if (watchdog_start(EXIT_STOPPED, launch_rank(), &error))
        *exit_code = ranks_refuse(&error);
    else
        return true;
    return false;
}

int ranks_refuse(const struct error *error)
{
    return is_to_speak() ? report_error(error) : (int)error->code;
}

static void abort_all_ranks(void)
{
    MPI_Abort(MPI_COMM_WORLD, ERROR_FATAL);
}

/* An error of MPI that no call hands back. By itself MPI ends with the error's number: 4, say, for a wrong tag. */
static void end_by_error(MPI_Comm *comm, int *number, ...)
{
    (void)comm;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(*number, text, &length);
    fprintf(stderr, "picky: MPI: %s\n", text);
    abort_all_ranks();
}

/* From here on no failure of MPI is an exit code other than ERROR_FATAL. Before, Open MPI's is 1. */
static enum error_code start_mpi(int *argc, char ***argv, struct error *error)
{
    int provided;
    MPI_Errhandler handler;
    transport_prepare(launch_rank() < 0);
    if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        MPI_Comm_create_errhandler(end_by_error, &handler) != MPI_SUCCESS ||
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler) != MPI_SUCCESS ||
        MPI_Comm_set_errhandler(MPI_COMM_SELF, handler) != MPI_SUCCESS)
        return error_set(error, ERROR_FATAL, "MPI could not be started");
    MPI_Errhandler_free(&handler);
    error_set_bug_handler(abort_all_ranks);
    return ERROR_NONE;
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

/* All ranks learn of rank 0's deadline, which alone may have asked Slurm. */
static void share_deadline(double deadline_s)
{
    double left_s = deadline_s - clock_s();
    MPI_Bcast(&left_s, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    watchdog_set_deadline(clock_s() + left_s);
}

int ranks_main(int argc, char **argv, double deadline_s, int (*rank0)(void *context, const struct ranks *ranks),
               void *context)
{
    int exit_code;
    struct transport transport;
    struct error error;
    watchdog_set_deadline(deadline_s);
    watchdog_doing("starting MPI, for which all ranks have to be there");
    if (diagnosis_check_srun(&error) || start_mpi(&argc, &argv, &error))
        return report_error(&error);
    if (transport_open(&transport, MPI_COMM_WORLD, &error)) {
        report_error(&error);
        abort_all_ranks();
    }

    watchdog_note_mpi(transport.rank, transport.n_ranks);

    char *hosts = calloc((size_t)transport.n_ranks, HOST_MAX);
    check(hosts);
    struct placement *placements = NULL;
    bool may_go_on = hello_meet(&transport, MPI_COMM_WORLD, hosts, &exit_code, &error);
    struct error other_arguments = {0};
    if (may_go_on) {
        placements = diagnosis_gather(MPI_COMM_WORLD, argc, argv);
        diagnosis_check_arguments(MPI_COMM_WORLD, hosts, placements, argc, argv, &other_arguments);
        share_deadline(deadline_s);
    }
    if (!may_go_on) {
        report_error(&error);
        if (transport.failure.code)
            transport_abort(&transport, exit_code);
    } else if (other_arguments.code) {
        exit_code = report_error(&other_arguments);
        coordinator_release(&transport, exit_code);
    } else if (transport.rank == 0) {
        watchdog_doing("opening files");
        uint64_t *memory = diagnosis_share_memory(hosts, placements, transport.n_ranks);
        exit_code = rank0(context, &(struct ranks){&transport, hosts, placements, memory});
        free(memory);
        coordinator_release(&transport, exit_code);
    } else {
        exit_code = worker_run(&transport, WORKER_HEARTBEAT_S);
    }
    free(placements);
    free(hosts);
    transport_close(&transport);
    MPI_Finalize();
    watchdog_stop();
    return exit_code;
}
