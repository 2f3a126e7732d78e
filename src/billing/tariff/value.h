/*
 * value.h
 *		Tariffs as values of SQL.
 *
 * A value is a varlena of the canonical text.  It is compiled where it is used.
 */
#ifndef TRIPMETER_TARIFF_VALUE_H
#define TRIPMETER_TARIFF_VALUE_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/jsonb.h"

#include "billing/tariff/clock.h"
#include "billing/tariff/tariff.h"
#include "billing/tariff/timeline.h"

typedef struct TariffText
{
	const char *bytes;
	size_t		length;
} TariffText;

/* A tariff, ready to use; lives as long as the function's call site. */
typedef struct CompiledTariff
{
	Tariff		tariff;
	TariffText	text;
	uint64		number;			/* from 1 on; no two of a call site have the same */
	pg_tz	   *zone;
	bool		calendars_missing;	/* a condition names one that is not in the document: */
	const char *missing_calendar;	/* an error for who needs its dates */
	bool		clock_ready;
	Clock		clock;			/* of the zone; ready when it was asked for */
	Provider	provider;		/* of the memory that the tariff is in */
	Timeline	timeline;
	Jsonb	  **attribute_values;	/* Tariff.attribute_tests' values, or NULL until asked for */
} CompiledTariff;

/* One that an argument had in an earlier call, for who expects it again; it may be gone. */
typedef struct TariffHint
{
	uint64		number;			/* 0: none */
	CompiledTariff *compiled;
} TariffHint;

/* The compiled form of an argument, from the cache of this call site (fcinfo->flinfo). */
extern CompiledTariff *tariff_argument(FunctionCallInfo fcinfo, int arg);
extern CompiledTariff *tariff_argument_again(FunctionCallInfo fcinfo, int arg, const TariffHint *hint);

/* What else the call site keeps, after tariff_argument; NULL at first, in fn_mcxt. */
extern void **tariff_call_site(FunctionCallInfo fcinfo);

#endif							/* TRIPMETER_TARIFF_VALUE_H */
