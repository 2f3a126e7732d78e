/*
 * read_plan.h
 *		The price of a plan for a period.
 */
#ifndef TRIPMETER_TARIFF_READ_PLAN_H
#define TRIPMETER_TARIFF_READ_PLAN_H

#include "billing/tariff/field.h"

extern void tariff_read_period(TariffReader *reader, const JsonPlace *top);

#endif							/* TRIPMETER_TARIFF_READ_PLAN_H */
