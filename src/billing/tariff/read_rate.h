/*
 * read_rate.h
 *		Rates and their tiers.
 */
#ifndef TRIPMETER_TARIFF_READ_RATE_H
#define TRIPMETER_TARIFF_READ_RATE_H

#include "billing/tariff/field.h"

extern void tariff_read_rate(TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_read_plan_rate(TariffReader *reader, const JsonPlace *place, void *item);

#endif							/* TRIPMETER_TARIFF_READ_RATE_H */
