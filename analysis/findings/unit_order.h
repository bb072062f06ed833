/* The units of a layer as a map of tasks shows them. */
#ifndef PICKY_UNIT_ORDER_H
#define PICKY_UNIT_ORDER_H

#include <stddef.h>

/* Fills order [n_units] with the units by the task that they serve most, then by their importance to it, those that
 * serve none last; counted [n_tasks, n_units]: importances that count (sharing.h). */
void unit_order(const double *counted, size_t n_tasks, size_t n_units, size_t *order);

#endif
