/*
 * fn.c
 *		SQL: tariff_lint(), and the changes of a zone's clock.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "billing/lint/lint.h"
#include "billing/tariff/value.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(tripmeter_tariff_lint);

/* 2000-01-01 and 2038-01-01, in seconds since 1970 */
#define CHANGES_FROM	INT64CONST(946684800)
#define CHANGES_TO		INT64CONST(2145916800)

/* More than any zone's; rules have few changes a year. */
#define MAX_CHANGES		1000

static int64
local_microseconds(pg_time_t instant, long int offset)
{
	return (instant + offset - CHANGES_FROM) * USECS_PER_SEC;
}

/* When the clock was put forward or back; the number of times. */
static int
find_changes(const pg_tz *zone, ZoneChange *changes)
{
	pg_time_t	at = CHANGES_FROM;
	int			count = 0;

	while (count < MAX_CHANGES)
	{
		long int	before,
					after;
		int			before_isdst,
					after_isdst;
		pg_time_t	boundary;

		if (pg_next_dst_boundary(&at, &before, &before_isdst, &boundary, &after, &after_isdst, zone) <= 0 ||
			boundary >= CHANGES_TO)
			break;
		/* the name alone of its time may change, too */
		if (before != after)
			changes[count++] = (ZoneChange) {
				local_microseconds(boundary, before), local_microseconds(boundary, after)
			};
		at = boundary;
	}
	return count;
}

static void
write_date(int32_t date, char *text)
{
	struct pg_tm day = {0};
	char		buffer[MAXDATELEN + 1];

	j2date(date + POSTGRES_EPOCH_JDATE, &day.tm_year, &day.tm_mon, &day.tm_mday);
	EncodeDateOnly(&day, USE_ISO_DATES, buffer);
	strlcpy(text, buffer, LINT_DATE_SIZE);
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static void
put_finding(void *context, const char *path, const char *kind, const char *message)
{
	ReturnSetInfo *rows = context;
	bool		nulls[3] = {0};
	Datum		values[3] = {
		CStringGetTextDatum(path), CStringGetTextDatum(kind), CStringGetTextDatum(message)
	};

	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

/* tariff_lint(tariff) -> rows */
Datum
tripmeter_tariff_lint(PG_FUNCTION_ARGS)
{
	CompiledTariff *compiled = tariff_argument(fcinfo, 0);
	ZoneChange *changes = palloc(sizeof(ZoneChange) * MAX_CHANGES);
	Linter		linter = {
		.tariff = &compiled->tariff,
		.change_count = find_changes(compiled->zone, changes),
		.changes = changes,
		.calendars_missing = compiled->calendars_missing,
		.poll = check_interrupts,
		.write_date = write_date,
		.found = put_finding,
		.context = fcinfo->resultinfo,
	};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	lint_tariff(&linter);
	return (Datum) 0;
}
