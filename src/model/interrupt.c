#include "interrupt.h"

bool interrupt_look(const atomic_bool *interrupt)
{
    return interrupt && atomic_load_explicit(interrupt, memory_order_relaxed);
}
