/* How this process was launched, as the environment and /proc tell before MPI starts. */
#ifndef PICKY_LAUNCH_H
#define PICKY_LAUNCH_H

#include <stdbool.h>

/* What a variable of the environment has as its number; 0 if it is not there. */
long launch_number(const char *name);

/* The rank that a launcher has given this process, and how many it has started; -1 and 1: no launcher. */
int launch_rank(void);
int launch_n_ranks(void);

/* Of a command that runs on one rank: how many other ranks with the same arguments a launcher has started, and whether
 * this is one of them, which is to end. */
int launch_n_spare(void);
bool launch_is_spare(void);

/* The mpirun that started this process, with its options, up to the program's name: NULL-terminated; NULL if it was
 * another launcher, is on another host, cannot be seen or is no line of text. The caller frees it, by one free(). */
char **launch_command(void);

/* A terminal that stderr leads to by way of mpirun: an open descriptor; -1: none is seen. Looked for once. */
int launch_terminal(void);

#endif
