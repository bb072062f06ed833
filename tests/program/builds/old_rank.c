/* A rank of picky 0.1.0, as the others see it: its gathers, its messages, what it makes of theirs. It trains nothing;
 * as rank 0 it makes the file that it is told to, unless it refuses a rank.
 *
 *   mpirun -n N old_rank FILE : ... */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 96, PLACEMENT_BYTES = 136, VERSION = 3, SETUP = 1, STOP = 3, FAILURE = 5, BAD_INPUT = 2 };
enum { FAILURE_WORDS = 5 + 1 + 1024 / 8 };

/* ---- messages of version 3: magic number, version, kind, bytes, check, and what the kind has ---- */

static uint64_t hash_step(uint64_t chain, uint64_t word)
{
    chain = (chain ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return chain ^ chain >> 32;
}

static uint64_t hash_words(const uint64_t *words, size_t n)
{
    uint64_t chain[4] = {1, 2, 3, 4}, hash = 8 * n;
    for (size_t i = 0; i < n; i++)
        chain[i < n / 4 * 4 ? i % 4 : 0] = hash_step(chain[i < n / 4 * 4 ? i % 4 : 0], words[i]);
    for (int k = 0; k < 4; k++)
        hash = hash_step(hash, chain[k]);
    return hash;
}

static uint64_t check_of(const uint64_t *message, size_t n)
{
    const uint64_t head[5] = {message[0], message[1], message[2], message[3], 0};
    return hash_step(hash_words(head, 5), hash_words(message + 5, n - 5));
}

static void send(MPI_Comm comm, int rank, uint64_t *message, uint64_t kind, size_t n)
{
    const uint64_t head[5] = {UINT64_C(0x5049434b594d5347), VERSION, kind, 8 * n, 0};
    memcpy(message, head, sizeof head);
    message[4] = check_of(message, n);
    MPI_Send(message, (int)n, MPI_UINT64_T, rank, 0, comm);
}

/* The kind of the next message, 0 if it is none of version 3. */
static uint64_t receive(MPI_Comm comm, uint64_t message[1024])
{
    MPI_Status status;
    int n;
    MPI_Recv(message, 1024, MPI_UINT64_T, MPI_ANY_SOURCE, 0, comm, &status);
    MPI_Get_count(&status, MPI_UINT64_T, &n);
    return n >= 5 && message[1] == VERSION && message[4] == check_of(message, (size_t)n) ? message[2] : 0;
}

/* ---- the two kinds of rank ---- */

static int be_first(MPI_Comm comm, const char *hosts, int n_ranks, const char *path)
{
    uint64_t message[1024] = {0};
    int exit_code = 0;
    for (int rank = 0; rank < n_ranks && !exit_code; rank++)
        if (strstr(hosts + rank * HOST_MAX, "(?)")) {
            fprintf(stderr, "picky: PICKY_SIMD = \"%.40s\": rank %d on %.70s cannot run it\n", "(null)", rank,
                    hosts + rank * HOST_MAX);
            exit_code = BAD_INPUT;
        }
    if (!exit_code) {
        FILE *file = fopen(path, "w");
        if (file)
            fclose(file);
        for (int rank = 1; rank < n_ranks; rank++)
            send(comm, rank, message, SETUP, 60);
        for (int rank = 1; rank < n_ranks; rank++)
            if (receive(comm, message) != FAILURE)
                exit_code = BAD_INPUT;
    }
    for (int rank = 1; rank < n_ranks; rank++) {
        message[5] = (uint64_t)exit_code;
        send(comm, rank, message, STOP, 6);
    }
    return exit_code;
}

static int be_worker(MPI_Comm comm)
{
    uint64_t message[1024];
    for (int n_unreadable = 0;; n_unreadable++) {
        uint64_t kind = receive(comm, message);
        if (kind == STOP)
            return (int)message[5];
        if (n_unreadable == 1)
            return BAD_INPUT;
        memset(message, 0, sizeof message);
        send(comm, 0, message, FAILURE, FAILURE_WORDS);
    }
}

int main(int argc, char **argv)
{
    int rank, n_ranks, provided;
    char name[MPI_MAX_PROCESSOR_NAME] = "", mine[HOST_MAX] = "", placement[PLACEMENT_BYTES] = "";
    MPI_Comm comm;
    MPI_Request request;
    if (argc != 2)
        return BAD_INPUT;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    char *hosts = calloc((size_t)n_ranks, HOST_MAX), *placements = calloc((size_t)n_ranks, PLACEMENT_BYTES);
    if (!hosts || !placements) {
        free(placements);
        free(hosts);
        return 3;
    }
    MPI_Get_processor_name(name, &provided);
    snprintf(mine, sizeof mine, "%.70s (avx2)", name);
    MPI_Gather(mine, HOST_MAX, MPI_CHAR, hosts, HOST_MAX, MPI_CHAR, 0, MPI_COMM_WORLD);
    MPI_Gather(placement, PLACEMENT_BYTES, MPI_BYTE, placements, PLACEMENT_BYTES, MPI_BYTE, 0, MPI_COMM_WORLD);
    int exit_code = rank == 0 ? be_first(comm, hosts, n_ranks, argv[1]) : be_worker(comm);
    MPI_Ibarrier(comm, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    free(hosts);
    free(placements);
    MPI_Finalize();
    return exit_code;
}
