#include "provenance.h"

#include "file.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

void provenance_command(int argc, char **argv, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "picky");
    for (int i = 0; i < argc && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", argv[i]);
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
