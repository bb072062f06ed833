#include "launch.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

long launch_number(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? strtol(value, NULL, 10) : 0;
}

int launch_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        /* A batch script has a SLURM_PROCID, too, but is no step. */
        if (getenv(names[i]) && (strcmp(names[i], "SLURM_PROCID") != 0 || getenv("SLURM_STEPID")))
            return (int)launch_number(names[i]);
    return -1;
}

int launch_n_ranks(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};
    for (size_t i = 0; launch_rank() >= 0 && i < sizeof names / sizeof names[0]; i++)
        if (launch_number(names[i]) > 1)
            return (int)launch_number(names[i]);
    return 1;
}

/* A process's command line, its words NUL-terminated one after the other: *size bytes. NULL if it cannot be read. The
 * caller frees it. */
static char *read_command(int pid, size_t *size)
{
    enum { COMMAND_MAX = 1 << 16 };
    char path[64], *text = malloc(COMMAND_MAX);
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    FILE *file = text ? fopen(path, "r") : NULL;
    *size = file ? fread(text, 1, COMMAND_MAX, file) : 0;
    if (file)
        fclose(file);
    if (*size > 0 && *size < COMMAND_MAX && text[*size - 1] == '\0')
        return text;
    free(text);
    return NULL;
}

static bool is_mpirun(const char *program)
{
    static const char *const names[] = {"mpirun", "mpiexec", "orterun", "prterun", "oshrun", NULL};
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    for (size_t i = 0; names[i]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) /* mpirun.openmpi */
            return true;
    return false;
}

/* The parent's words that come before this program's, which end its command line: n of them, in *size bytes. */
static char *read_launcher(size_t *size, size_t *n)
{
    size_t own_size;
    char *launcher = read_command(getppid(), size), *own = read_command(getpid(), &own_size);
    bool is_it = launcher && own && own_size < *size && is_mpirun(launcher) &&
                 memcmp(launcher + *size - own_size, own, own_size) == 0 && launcher[*size - own_size - 1] == '\0';
    free(own);
    *n = 0;
    if (!is_it) {
        free(launcher);
        return NULL;
    }
    *size -= own_size;
    for (size_t i = 0; i < *size; i++)
        *n += launcher[i] == '\0';
    return launcher;
}

/* Whether Open MPI, which names the program that it starts, has started this one, and no script that gives each rank
 * its own arguments: for ranks on other hosts than mpirun. Slurm does not say, so there each rank does as it is told.
 */
static bool is_launched_itself(void)
{
    const char *command = getenv("OMPI_COMMAND"), *slash = command ? strrchr(command, '/') : NULL;
    return command && strcmp(slash ? slash + 1 : command, program_invocation_short_name) == 0;
}

int launch_n_spare(void)
{
    size_t size, n;
    if (launch_n_ranks() <= 1)
        return 0;
    char *launcher = read_launcher(&size, &n);
    bool are_copies = launcher || is_launched_itself();
    free(launcher);
    return are_copies ? launch_n_ranks() - 1 : 0;
}

bool launch_is_spare(void)
{
    return launch_rank() > 0 && launch_n_spare() > 0;
}

char **launch_command(void)
{
    static char mpirun[] = "mpirun";
    size_t size, n;
    char *text = launch_rank() >= 0 ? read_launcher(&size, &n) : NULL;
    char **words = text ? malloc((n + 1) * sizeof *words + size) : NULL;
    if (words) {
        char *copy = (char *)(words + n + 1);
        bool are_lines = true;
        memcpy(copy, text, size);
        for (size_t i = 0; i < n; i++, copy += strlen(copy) + 1) {
            words[i] = copy;
            are_lines &= text_is_line(copy);
        }
        words[n] = NULL;
        const char *slash = strrchr(words[0], '/');
        if (strcmp(slash ? slash + 1 : words[0], "prterun") == 0) /* what Open MPI 5's mpirun becomes */
            words[0] = mpirun;
        if (!are_lines) {
            free(words);
            words = NULL;
        }
    }
    free(text);
    return words;
}

static int find_terminal(void)
{
    struct stat own, launchers;
    char path[64];
    size_t size;
    snprintf(path, sizeof path, "/proc/%d/fd/2", getppid());
    bool may_be = launch_rank() >= 0 && fstat(STDERR_FILENO, &own) == 0 &&
                  (S_ISFIFO(own.st_mode) || S_ISSOCK(own.st_mode)) && stat(path, &launchers) == 0 &&
                  S_ISCHR(launchers.st_mode);
    char *launcher = may_be ? read_command(getppid(), &size) : NULL;
    int terminal = launcher && is_mpirun(launcher) ? open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) : -1;
    free(launcher);
    if (terminal >= 0 && !isatty(terminal)) {
        close(terminal);
        terminal = -1;
    }
    return terminal;
}

int launch_terminal(void)
{
    static int terminal = -2;
    if (terminal == -2)
        terminal = find_terminal();
    return terminal;
}
