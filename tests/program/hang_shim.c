/* A library for LD_PRELOAD that hangs one rank at a moment of its life.
 *
 *   HANG_AT=CALL:K   at the K-th call (from 1) of: init, gather, send, probe, barrier, finalize (MPI's); or "compute":
 * the thread that computes, when it has used K milliseconds HANG_RANKS=N,... which ranks ("0" also without mpirun)
 *
 * The whole process is stopped, as by SIGSTOP; by "compute" that thread alone. */
#include <mpi.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char call[16];
static long number;

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("HANG_AT"), *ranks = getenv("HANG_RANKS"), *own = getenv("OMPI_COMM_WORLD_RANK");
    if (!at || !ranks || !strchr(ranks, own ? own[0] : '0'))
        return;
    if (sscanf(at, "%15[^:]:%ld", call, &number) != 2)
        abort();
}

static void pass(const char *name)
{
    if (strcmp(call, name) == 0 && --number == 0)
        kill(getpid(), SIGSTOP);
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    pass("init");
    return PMPI_Init_thread(argc, argv, required, provided);
}

int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
               MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    pass("gather");
    return PMPI_Gather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm);
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm, MPI_Request *request)
{
    pass("send");
    return PMPI_Isend(buf, count, type, dest, tag, comm, request);
}

int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    pass("probe");
    return PMPI_Iprobe(source, tag, comm, flag, status);
}

int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
{
    pass("barrier");
    return PMPI_Ibarrier(comm, request);
}

int MPI_Finalize(void)
{
    pass("finalize");
    return PMPI_Finalize();
}

/* The thread that computes looks at the clock before and after each pack, and no other one but the first uses so much
 * time. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    struct timespec used;
    if ((clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME) && strcmp(call, "compute") == 0 && gettid() != getpid() &&
        syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &used) == 0 &&
        1000 * used.tv_sec + used.tv_nsec / 1000000 >= number)
        for (;;)
            pause();
    return (int)syscall(SYS_clock_gettime, clock, time);
}
