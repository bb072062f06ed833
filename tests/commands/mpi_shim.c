/* To be preloaded: MPI_Gather fails as MPI lets a call fail whose errors nobody asked for. */
#include <mpi.h>

int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
               MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    (void)sendbuf, (void)sendcount, (void)sendtype, (void)recvbuf, (void)recvcount, (void)recvtype, (void)root;
    MPI_Comm_call_errhandler(comm, MPI_ERR_TAG);
    return MPI_ERR_TAG;
}
