/*
 * read_charge.h
 *		Multipliers, flat fares, surcharges, caps, discounts and tax.
 */
#ifndef TRIPMETER_TARIFF_READ_CHARGE_H
#define TRIPMETER_TARIFF_READ_CHARGE_H

#include "billing/tariff/field.h"

extern void tariff_read_multipliers(TariffReader *reader, const JsonPlace *top);
extern void tariff_read_flat_fare(TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_read_surcharge(TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_read_discount(TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_read_cap(TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_read_tax(TariffReader *reader, const JsonPlace *top);
extern void tariff_check_tax_names(TariffReader *reader, const JsonPlace *top);

#endif							/* TRIPMETER_TARIFF_READ_CHARGE_H */
