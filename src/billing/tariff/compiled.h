/*
 * compiled.h
 *		A tariff, compiled, with all that the server knows of it.
 */
#ifndef TRIPMETER_TARIFF_COMPILED_H
#define TRIPMETER_TARIFF_COMPILED_H

#include "pgtime.h"
#include "utils/jsonb.h"

#include "billing/tariff/clock.h"
#include "billing/tariff/memory.h"
#include "billing/tariff/tariff.h"
#include "billing/tariff/timeline.h"

/* The canonical text, which is the value in SQL. */
typedef struct TariffText
{
	const char *bytes;
	size_t		length;
} TariffText;

/* It lives in one memory context, with everything it points to. */
typedef struct CompiledTariff
{
	Tariff		tariff;
	TariffText	text;
	uint64		number;			/* from 1 on; no two of a call site have the same */
	pg_tz	   *zone;
	bool		calendars_missing;	/* a condition names a calendar that the document lacks */
	const char *missing_calendar;	/* the first such name */
	bool		prepared;		/* tariff_prepare() has set the next three */
	Clock		clock;			/* of the zone */
	Provider	provider;		/* of memory where the tariff lives */
	Timeline	timeline;
	Jsonb	  **attribute_values;	/* of Tariff.attribute_tests; NULL until they are needed */
} CompiledTariff;

extern void tariff_prepare(CompiledTariff *compiled);

#endif							/* TRIPMETER_TARIFF_COMPILED_H */
