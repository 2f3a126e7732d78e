/*
 * read_attribute.h
 *		The tests that a condition makes of the attributes of a trip.
 */
#ifndef TRIPMETER_TARIFF_READ_ATTRIBUTE_H
#define TRIPMETER_TARIFF_READ_ATTRIBUTE_H

#include "billing/tariff/field.h"

extern int	tariff_read_attribute_tests(TariffReader *reader, const JsonPlace *object);
extern int	tariff_add_attribute_test(TariffReader *reader, const char *name, const char *values);

#endif							/* TRIPMETER_TARIFF_READ_ATTRIBUTE_H */
