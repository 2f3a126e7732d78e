/*
 * read_date.h
 *		Lists of dates, and calendars, which are such lists by name.
 */
#ifndef TRIPMETER_TARIFF_READ_DATE_H
#define TRIPMETER_TARIFF_READ_DATE_H

#include "billing/tariff/field.h"

extern bool tariff_read_dates(TariffReader *reader, const JsonPlace *object, DateList *dates);
extern void tariff_read_calendars(TariffReader *reader, const JsonPlace *top);
extern bool tariff_read_calendar_names(TariffReader *reader, const JsonPlace *object,
									   DateList *dates);

#endif							/* TRIPMETER_TARIFF_READ_DATE_H */
