#include "provenance.h"

#include "cli.h"
#include "file.h"
#include "go_on.h"
#include "launch.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void provenance_command(int argc, char **argv, char *text, size_t size)
{
    memset(text, 0, size);
    FILE *stream = launch_rank() <= 0 ? fmemopen(text, size - 1, "w") : NULL; /* one rank says it */
    if (!stream)
        return;
    print_launcher(stream, launch_n_ranks());
    print_quoted(stream, program_invocation_name);
    for (int i = 0; i < argc; i++) {
        fputc(' ', stream);
        print_quoted(stream, argv[i]);
    }
    fclose(stream);
}

void provenance_make(struct provenance *provenance, const char *command_line, const char *hosts, int n_ranks,
                     const char *sweep_original)
{
    int length;
    clock_text(clock_calendar_s(), provenance->start);
    snprintf(provenance->ranks, sizeof provenance->ranks, "%d", n_ranks);
    MPI_Get_library_version(provenance->mpi_version, &length); /* allowed before MPI_Init */
    provenance->mpi_version[strcspn(provenance->mpi_version, "\n")] = '\0';
    const struct results_attribute attributes[] = {
        {"picky_version", PICKY_VERSION, NULL, NULL},
        {"git_revision", PICKY_GIT_REVISION, NULL, NULL},
        {"compiler", PICKY_COMPILER, NULL, NULL},
        {"compiler_flags", PICKY_FLAGS, NULL, NULL},
        {"hdf5_version", results_hdf5_version(), NULL, NULL},
        {"mpi_version", provenance->mpi_version, NULL, NULL},
        {"command_line", command_line, NULL, NULL},
        {"hosts", hosts, NULL, NULL},
        {"n_ranks", provenance->ranks, NULL, NULL},
        {"start_time", provenance->start, NULL, NULL},
        {RESULTS_ORIGINAL, sweep_original, NULL, NULL},
        /* Known at the end of a run: running.c. */
        {"end_time", "", NULL, "end of the run, UTC"},
        {"run_time", "", "s", "duration of the run"},
        {"job_rate", "", "s-1", "jobs done a second"},
        {"busy_share", "", "1", "share of the time in which ranks trained"},
        {"lane_occupancy", "", "1", "share of the packs' lanes that held a model"},
        {"training_cpu_time", "", "s", "of all ranks, in training and measures"},
        {"full_pack_speed", "", "1", "what full packs would take by picky bench's estimate, over training_cpu_time"},
        {"rejected_at_start_share", "", "1", "share of attempts that were rejected untrained"},
        {"longest_wait", "", "s", "longest time in which a rank waited for jobs, or to be rid of records"},
        {"tail", "", "s", "time in which some rank had nothing left to do, to the last result"},
        {NULL, NULL, NULL, NULL},
    };
    _Static_assert(sizeof attributes <= sizeof provenance->attributes, "room for all");
    memcpy(provenance->attributes, attributes, sizeof attributes);
}
