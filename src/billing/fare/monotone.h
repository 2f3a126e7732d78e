/*
 * monotone.h
 *		Whether a fare may fall while a trip goes on.  Pure C.
 */
#ifndef TRIPMETER_FARE_MONOTONE_H
#define TRIPMETER_FARE_MONOTONE_H

#include "billing/tariff/tariff.h"

extern bool fare_may_fall(const Tariff *tariff);
extern bool fare_meter_needs_legs(const Tariff *tariff);

#endif							/* TRIPMETER_FARE_MONOTONE_H */
