/*
 * marks.c
 *		What the events of a transaction are marked with: settings, for SET LOCAL.
 *
 * The server does not check the encoding of settings that come with a connection's start, from
 * another database or from a file.  One event with such a text would keep a dump from being
 * restored.  So it is checked twice: when a setting is made, and when it is stored, since there
 * was no database yet when a preloaded library's settings were read from a file.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "outbox/ring/marks.h"

static const char *const names[OUTBOX_MARKS] = {
	"tripmeter.traceparent", "tripmeter.tracestate", "tripmeter.correlationid",
	"tripmeter.causationid"
};

static char *values[OUTBOX_MARKS];

static bool
is_text(const char *value)
{
	return value == NULL || pg_verifymbstr(value, strlen(value), true);
}

/* Say that a setting is refused.  Its bytes would be no text to the client, either. */
static bool
check(OutboxMark mark, const char *value)
{
	if (is_text(value))
		return true;
	GUC_check_errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE);
	GUC_check_errmsg("setting \"%s\" is not valid in encoding \"%s\"",
					 names[mark], GetDatabaseEncodingName());
	return false;
}

static bool
check_traceparent(char **value, void **extra pg_attribute_unused(),
					GucSource source pg_attribute_unused())
{
	return check(MARK_TRACEPARENT, *value);
}

static bool
check_tracestate(char **value, void **extra pg_attribute_unused(),
					GucSource source pg_attribute_unused())
{
	return check(MARK_TRACESTATE, *value);
}

static bool
check_correlationid(char **value, void **extra pg_attribute_unused(),
					GucSource source pg_attribute_unused())
{
	return check(MARK_CORRELATIONID, *value);
}

static bool
check_causationid(char **value, void **extra pg_attribute_unused(),
					GucSource source pg_attribute_unused())
{
	return check(MARK_CAUSATIONID, *value);
}

static void
define_mark(OutboxMark mark, const char *description, const char *more,
			GucStringCheckHook check_hook)
{
	DefineCustomStringVariable(names[mark], description, more, &values[mark], "", PGC_USERSET, 0,
							   check_hook, NULL, NULL);
}

/* Define the settings, when the library is loaded. */
void
outbox_marks_define(void)
{
	define_mark(MARK_TRACEPARENT,
				"The traceparent header (W3C Trace Context) that events are marked with.",
				"Empty for none. It is passed on as it is.", check_traceparent);
	define_mark(MARK_TRACESTATE,
				"The tracestate header (W3C Trace Context) that events are marked with.",
				"Empty for none. It is passed on as it is.", check_tracestate);
	define_mark(MARK_CORRELATIONID,
				"What events belong to that are marked with it, such as a saga or an order.",
				"Empty for none.", check_correlationid);
	define_mark(MARK_CAUSATIONID,
				"What caused the events that are marked with it, such as the id of an event.",
				"Empty for none.", check_causationid);
}

/* Return a mark to store, or NULL if there is none. */
text *
outbox_mark(OutboxMark mark)
{
	const char *value = values[mark];

	if (value == NULL || value[0] == '\0')
		return NULL;
	if (!is_text(value))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("setting \"%s\" is not valid in encoding \"%s\"",
						names[mark], GetDatabaseEncodingName()),
				 errhint("SET it to a text in this encoding, or to an empty one.")));
	return cstring_to_text(value);
}
