/*
 * zone.h
 *		A time zone of the server, as a clock needs it.
 */
#ifndef TRIPMETER_TARIFF_ZONE_H
#define TRIPMETER_TARIFF_ZONE_H

#include "pgtime.h"

#include "billing/tariff/clock.h"

extern Zone tariff_zone(pg_tz *zone);

#endif							/* TRIPMETER_TARIFF_ZONE_H */
