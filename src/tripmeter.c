/*
 * tripmeter.c
 *		The module's magic and its settings.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "compat.h"
#include "outbox/ring/marks.h"
#include "tripmeter.h"

PG_MODULE_MAGIC;

int			tripmeter_max_state_mb = 4096;

PGDLLEXPORT void _PG_init(void);

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
	outbox_marks_define();
	MarkGUCPrefixReserved("tripmeter");
}
