#include "provenance.h"

#include "file.h"
#include "version.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void provenance_time(char text[PROVENANCE_TIME_MAX])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, PROVENANCE_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void provenance_command(int argc, char **argv, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "picky");
    for (int i = 0; i < argc && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", argv[i]);
}

void provenance_make(struct provenance *provenance, const char *command_line, const char *hosts, int n_ranks)
{
    int length;
    provenance_time(provenance->start);
    snprintf(provenance->ranks, sizeof provenance->ranks, "%d", n_ranks);
    MPI_Get_library_version(provenance->mpi_version, &length); /* allowed before MPI_Init */
    provenance->mpi_version[strcspn(provenance->mpi_version, "\n")] = '\0';
    const struct results_attribute attributes[] = {
        {"picky_version", PICKY_VERSION, NULL},
        {"git_revision", PICKY_GIT_REVISION, NULL},
        {"compiler", PICKY_COMPILER, NULL},
        {"compiler_flags", PICKY_FLAGS, NULL},
        {"hdf5_version", results_hdf5_version(), NULL},
        {"mpi_version", provenance->mpi_version, NULL},
        {"command_line", command_line, NULL},
        {"hosts", hosts, NULL},
        {"n_ranks", provenance->ranks, NULL},
        {"start_time", provenance->start, NULL},
        /* Known at the end of a run: running.c. */
        {"end_time", "", NULL},
        {"run_time", "", "s"},
        {"job_rate", "", "s-1"},
        {"busy_share", "", "1"},
        {"lane_occupancy", "", "1"},
        {"rejected_at_start_share", "", "1"},
        {"longest_wait", "", "s"},
        {"tail", "", "s"},
        {NULL, NULL, NULL},
    };
    _Static_assert(sizeof attributes <= sizeof provenance->attributes, "room for all");
    memcpy(provenance->attributes, attributes, sizeof attributes);
}
