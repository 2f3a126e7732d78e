/*
 * read_meter.h
 *		The taximeter of a tariff.
 */
#ifndef TRIPMETER_TARIFF_READ_METER_H
#define TRIPMETER_TARIFF_READ_METER_H

#include "billing/tariff/field.h"

extern void tariff_read_meter(TariffReader *reader, const JsonPlace *top);

#endif							/* TRIPMETER_TARIFF_READ_METER_H */
