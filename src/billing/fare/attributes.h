/*
 * attributes.h
 *		The attributes of a trip, a JSON object: read as a tariff needs them.
 */
#ifndef TRIPMETER_FARE_ATTRIBUTES_H
#define TRIPMETER_FARE_ATTRIBUTES_H

#include "utils/jsonb.h"

#include "billing/fare/trip.h"
#include "billing/tariff/compiled.h"

extern Rational fare_decimal_attribute(JsonbContainer *object, const char *name);
extern void fare_read_attributes(CompiledTariff *compiled, Jsonb *attributes, Trip *trip,
								 bool *results, Rational *amounts);

#endif							/* TRIPMETER_FARE_ATTRIBUTES_H */
