/* In MPFR's place where the core is cross-compiled and there is none for that machine: what about two arguments in a
 * million of sin, cos, exp, log and tanh need ends the program. */
#include <stdio.h>
#include <stdlib.h>

#define NOT_HERE(function)                                                                                             \
    void function(void);                                                                                               \
    void function(void)                                                                                                \
    {                                                                                                                  \
        fputs(#function ": there is no MPFR here\n", stderr);                                                          \
        abort();                                                                                                       \
    }

NOT_HERE(mpfr_init2)
NOT_HERE(mpfr_set_flt)
NOT_HERE(mpfr_sin)
NOT_HERE(mpfr_cos)
NOT_HERE(mpfr_exp)
NOT_HERE(mpfr_log)
NOT_HERE(mpfr_tanh)
NOT_HERE(mpfr_get_flt)
NOT_HERE(mpfr_clear)
NOT_HERE(mpfr_free_cache2)
