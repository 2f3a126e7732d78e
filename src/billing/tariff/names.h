/*
 * names.h
 *		The words of tariffs and bills.  Pure C.
 */
#ifndef TRIPMETER_TARIFF_NAMES_H
#define TRIPMETER_TARIFF_NAMES_H

#include "billing/tariff/tariff.h"

extern const char *const tariff_dimension_names[DIMENSION_COUNT];
extern const char *const tariff_line_kind_names[LINE_KIND_COUNT];

#endif							/* TRIPMETER_TARIFF_NAMES_H */
