/*
 * compiled.c
 *		Makes a compiled tariff ready to price trips.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "billing/tariff/compiled.h"
#include "billing/tariff/server_memory.h"
#include "billing/tariff/zone.h"

static void
check_calendars(const CompiledTariff *compiled)
{
	if (compiled->calendars_missing)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tariff does not hold calendar \"%s\"", compiled->missing_calendar),
				 errhint("Write its dates into the tariff's \"calendars\", or keep the tariff in "
						 "table tripmeter.tariffs, which adds them.")));
}

/* Provide what conditions on local time need: the calendars, the clock and the timeline. */
void
tariff_prepare(CompiledTariff *compiled)
{
	check_calendars(compiled);
	if (compiled->prepared)
		return;
	clock_init(&compiled->clock, tariff_zone(compiled->zone));
	compiled->provider = tariff_server_memory(GetMemoryChunkContext(compiled));
	timeline_init(&compiled->timeline, &compiled->tariff, &compiled->clock, &compiled->provider);
	compiled->prepared = true;
}
