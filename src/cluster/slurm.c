#include "slurm.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
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

/* The line of job_id; an array's last task bears the array's id, for which all tasks are listed. NULL if there is none.
 */
static const char *find_line(const char *text, const char *job_id)
{
    char start[64];
    snprintf(start, sizeof start, "JobId=%s ", job_id);
    while (text && strncmp(text, start, strlen(start)) != 0) {
        text = strchr(text, '\n');
        text += text != NULL;
    }
    return text;
}

/* The time in a field, " NAME=", of a line; 0 if there is none. */
static double parse_time(const char *line, const char *name)
{
    const char *field = strstr(line, name), *line_end = strchrnul(line, '\n');
    struct tm local = {.tm_isdst = -1};
    if (!field || field > line_end || !strptime(field + strlen(name), "%Y-%m-%dT%H:%M:%S", &local))
        return 0;
    time_t time = mktime(&local);
    return time > 0 ? (double)time : 0;
}

/* A number of seconds in the environment; 0 if there is none. */
static double environment_time(const char *name)
{
    const char *text = getenv(name);
    double seconds = text ? strtod(text, NULL) : 0;
    return text && *text && text[strspn(text, "0123456789")] == '\0' ? seconds : 0;
}

struct slurm_job slurm_job_find(double wait_s)
{
    const struct slurm_job unknown = {0};
    const char *job_id = getenv("SLURM_JOB_ID");
    char id[32], answer[16384];
    int output;
    if (getenv("SLURM_JOB_END_TIME"))
        return (struct slurm_job){environment_time("SLURM_JOB_START_TIME"), environment_time("SLURM_JOB_END_TIME")};
    if (!job_id || !*job_id || strlen(job_id) >= sizeof id || job_id[strspn(job_id, "0123456789")])
        return unknown;
    snprintf(id, sizeof id, "%s", job_id);
    pid_t pid = start_scontrol(id, &output);
    if (pid < 0)
        return unknown;
    bool is_answered = read_all(output, wait_s, answer, sizeof answer);
    close(output);
    if (!is_answered)
        kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    const char *line = is_answered ? find_line(answer, id) : NULL;
    return line ? (struct slurm_job){parse_time(line, " StartTime="), parse_time(line, " EndTime=")} : unknown;
}
