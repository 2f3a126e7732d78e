/*
 * tripmeter.c
 *		The module's magic and its settings.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "compat.h"
#include "tripmeter.h"

PG_MODULE_MAGIC;

int			tripmeter_max_state_mb = 4096;
char	   *tripmeter_traceparent = NULL;
char	   *tripmeter_tracestate = NULL;
char	   *tripmeter_correlationid = NULL;
char	   *tripmeter_causationid = NULL;

PGDLLEXPORT void _PG_init(void);

/* What the events of a transaction are marked with: SET LOCAL is how. */
static void
define_marks(void)
{
	DefineCustomStringVariable("tripmeter.traceparent",
							   "The traceparent header (W3C Trace Context) that events are marked with.",
							   "Empty for none. It is passed on as it is.",
							   &tripmeter_traceparent, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("tripmeter.tracestate",
							   "The tracestate header (W3C Trace Context) that events are marked with.",
							   "Empty for none. It is passed on as it is.",
							   &tripmeter_tracestate, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("tripmeter.correlationid",
							   "What events belong to that are marked with it, such as a saga or an order.",
							   "Empty for none.",
							   &tripmeter_correlationid, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("tripmeter.causationid",
							   "What caused the events that are marked with it, such as the id of an event.",
							   "Empty for none.",
							   &tripmeter_causationid, "", PGC_USERSET, 0, NULL, NULL, NULL);
}

void
_PG_init(void)
{
	DefineCustomIntVariable("tripmeter.max_state_mb",
							"Most memory that the fixes, odometer readings or billed trips of one group may take.",
							"A group that needs more stops with an error. "
							"A fix, or a reading, takes up to 32 bytes.",
							&tripmeter_max_state_mb,
							4096, 1, MAX_KILOBYTES / 1024,
							PGC_USERSET, GUC_UNIT_MB,
							NULL, NULL, NULL);
	define_marks();
	MarkGUCPrefixReserved("tripmeter");
}
