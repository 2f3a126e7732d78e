/*
 * factor.h
 *		What multipliers multiply, and by how much together.  Pure C.
 */
#ifndef TRIPMETER_FARE_FACTOR_H
#define TRIPMETER_FARE_FACTOR_H

#include "billing/tariff/tariff.h"

extern uint32_t fare_multipliers_of(const Tariff *tariff, int target);
extern Rational fare_factor_of(const Tariff *tariff, uint32_t multipliers);

#endif							/* TRIPMETER_FARE_FACTOR_H */
