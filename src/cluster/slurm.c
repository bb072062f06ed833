#include "slurm.h"

#include "backoff.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Starts `scontrol` for a job; *output is the end of its standard output to read from, and to close. -1 if it cannot
 * be started. */
static pid_t start_scontrol(char *job_id, int *output)
{
    /* Times in the one format, whatever the user has asked Slurm for. */
    char *arguments[] = {"env", "SLURM_TIME_FORMAT=standard", "scontrol", "-o", "show", "job", job_id, NULL};
    int ends[2];
    pid_t pid = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    *output = ends[0];
    return pid;
}

/* Reads up to the end, but for at most wait_s seconds; what does not fit is dropped. False if the time was too short.
 */
static bool read_all(int descriptor, double wait_s, char *text, size_t size)
{
    double end_s = clock_s() + wait_s;
    size_t length = 0;
    char dropped[512];
    for (;;) {
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        double left_s = end_s - clock_s();
        int n = left_s > 0 ? poll(&ready, 1, (int)ceil(1000 * left_s)) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bool is_full = length + 1 == size;
        ssize_t got = read(descriptor, is_full ? dropped : text + length, is_full ? sizeof dropped : size - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += is_full ? 0 : (size_t)got;
    }
    text[length] = '\0';
    return true;
}

/* The EndTime of the line of job_id; an array's last task bears the array's id, for which all tasks are listed. */
static bool parse_end(const char *text, const char *job_id, time_t *end)
{
    char start[64];
    snprintf(start, sizeof start, "JobId=%s ", job_id);
    while (strncmp(text, start, strlen(start)) != 0) {
        text = strchr(text, '\n');
        if (!text)
            return false;
        text++;
    }
    const char *field = strstr(text, " EndTime="), *line_end = strchrnul(text, '\n');
    struct tm local = {.tm_isdst = -1};
    if (!field || field > line_end || !strptime(field + strlen(" EndTime="), "%Y-%m-%dT%H:%M:%S", &local))
        return false;
    *end = mktime(&local);
    return *end > 0;
}

bool slurm_job_end(double wait_s, char text[SLURM_TIME_MAX])
{
    const char *known = getenv("SLURM_JOB_END_TIME"), *job_id = getenv("SLURM_JOB_ID");
    char id[32], answer[16384];
    int output;
    time_t end;
    text[0] = '\0';
    if (known) {
        snprintf(text, SLURM_TIME_MAX, "%s", known);
        return true;
    }
    if (!job_id || !*job_id || strlen(job_id) >= sizeof id || job_id[strspn(job_id, "0123456789")])
        return false;
    snprintf(id, sizeof id, "%s", job_id);
    pid_t pid = start_scontrol(id, &output);
    if (pid < 0)
        return false;
    bool is_answered = read_all(output, wait_s, answer, sizeof answer);
    close(output);
    if (!is_answered)
        kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (!is_answered || !parse_end(answer, id, &end))
        return false;
    snprintf(text, SLURM_TIME_MAX, "%lld", (long long)end);
    return true;
}
