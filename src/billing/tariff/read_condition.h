/*
 * read_condition.h
 *		Conditions: the member `when` of a rule.
 */
#ifndef TRIPMETER_TARIFF_READ_CONDITION_H
#define TRIPMETER_TARIFF_READ_CONDITION_H

#include "billing/tariff/field.h"

extern Condition *tariff_read_condition(TariffReader *reader, const JsonPlace *object,
										Evaluation absent, bool unit_allowed);
extern Condition *tariff_read_cash_condition(TariffReader *reader, const JsonPlace *cash);

#endif							/* TRIPMETER_TARIFF_READ_CONDITION_H */
