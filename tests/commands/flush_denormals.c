/* A library as old compilers link them with -Ofast: when it is loaded, denormals become zero in the thread that loads
 * it and in those that this one starts. For LD_PRELOAD. Where there is no such switch it does nothing. */
#if defined(__x86_64__)
#include <xmmintrin.h>

__attribute__((constructor)) static void flush_denormals(void)
{
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ, DAZ */
}
#endif
