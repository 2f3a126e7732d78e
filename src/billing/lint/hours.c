/*
 * hours.c
 *		ambiguous_hour: edges of windows at local times that a zone skips or repeats.
 */
#include <stddef.h>

#include "billing/lint/lint.h"
#include "billing/lint/text.h"
#include "billing/tariff/clock.h"

/* How often, and on which date last, a time of day is within changes of one direction. */
typedef struct Occurrences
{
	int			count;
	int32_t		last;
} Occurrences;

static int64_t
date_at_or_before(int64_t local)
{
	return local / MICROSECONDS_PER_DAY - (local % MICROSECONDS_PER_DAY < 0);
}

/* A zone that skips a whole date, to be on the other side of the date line, skips no hour. */
static Occurrences
occurrences(const Linter *linter, int64_t time_of_day, bool repeated)
{
	Occurrences found = {0};

	for (int i = 0; i < linter->change_count; i++)
	{
		const ZoneChange *change = &linter->changes[i];
		int64_t		from = repeated ? change->after : change->before;
		int64_t		to = repeated ? change->before : change->after;
		int64_t		date = date_at_or_before(from);

		if (to - from >= MICROSECONDS_PER_DAY)
			continue;
		date += date * MICROSECONDS_PER_DAY + time_of_day < from;
		if (date * MICROSECONDS_PER_DAY + time_of_day < to)
			found = (Occurrences) {found.count + 1, (int32_t) date};
	}
	return found;
}

static void
append_occurrences(const Linter *linter, Text *text, const char *verb, Occurrences found)
{
	char		date[LINT_DATE_SIZE];

	if (found.count == 0)
		return;
	linter->write_date(found.last, date);
	text_append(text, "%s %d time%s, last on %s", verb, found.count, found.count == 1 ? "" : "s", date);
}

static void
lint_edge(const Linter *linter, const char *path, const char *what, int64_t edge)
{
	int64_t		time_of_day = edge % MICROSECONDS_PER_DAY;
	Occurrences skipped = occurrences(linter, time_of_day, false);
	Occurrences repeated = occurrences(linter, time_of_day, true);
	Text		text = text_of("%s ", what);

	if (skipped.count + repeated.count == 0)
		return;
	text_clock(&text, edge > MICROSECONDS_PER_DAY ? time_of_day : edge);
	text_append(&text, ", which in the years 2000 to 2037 %s ", linter->tariff->time_zone);
	append_occurrences(linter, &text, "skips", skipped);
	if (skipped.count > 0 && repeated.count > 0)
		text_append(&text, ", and ");
	append_occurrences(linter, &text, "repeats", repeated);
	linter->found(linter->context, path, "ambiguous_hour", text.bytes);
}

/* The local day begins, and another ends, at midnight. */
void
lint_day_edge(const Linter *linter, const char *path)
{
	lint_edge(linter, path, "the local day begins at", 0);
}

void
lint_hours(const Linter *linter, const char *path, const Condition *when)
{
	for (int i = 0; i < when->hour_count; i++)
	{
		const HourWindow *window = &when->hours[i];
		Text		at = text_of("%s.hours[%d]", path, i);

		lint_edge(linter, at.bytes, "the window begins at", window->from);
		if ((window->to - window->from) % MICROSECONDS_PER_DAY != 0)
			lint_edge(linter, at.bytes, "the window ends at", window->to);
	}
	if ((when->weekdays != 0 || when->has_dates || when->has_calendars) &&
		(when->hour_count == 0 || when->date_of_instant))
		lint_day_edge(linter, path);
	if (when->negated != NULL)
		lint_hours(linter, text_of("%s.not", path).bytes, when->negated);
}
