/*
 * condition.c
 *		When a condition of a tariff holds: its windows of local time as instants.
 *
 * A condition asks for windows of the clock on certain dates.  Each date's windows are
 * turned into instants by the zone; a condition without hours has whole days.
 */
#include "billing/tariff/condition.h"

static const HourWindow whole_day = {0, MICROSECONDS_PER_DAY};

static bool
has_date_tests(const Condition *c)
{
	return c->weekdays != 0 || c->has_dates || c->has_calendars;
}

bool
condition_has_windows(const Condition *c)
{
	return c->hour_count > 0 || has_date_tests(c);
}

static bool
date_listed(const DateList *list, int32_t date)
{
	for (int i = 0; i < list->count; i++)
		if (date >= list->ranges[i].first && date <= list->ranges[i].last)
			return true;
	return false;
}

static bool
date_fits(const Condition *c, int32_t date)
{
	return (c->weekdays == 0 || (c->weekdays & (1u << clock_weekday(date)))) &&
		(!c->has_dates || date_listed(&c->dates, date)) &&
		(!c->has_calendars || date_listed(&c->calendar_dates, date));
}

static int
window_count(const Condition *c)
{
	return c->hour_count > 0 ? c->hour_count : 1;
}

static const HourWindow *
window_at(const Condition *c, int i)
{
	return c->hour_count > 0 ? &c->hours[i] : &whole_day;
}

static int64_t
window_from(Clock *clock, int32_t date, const HourWindow *window)
{
	return clock_instant(clock, date * MICROSECONDS_PER_DAY + window->from);
}

static int64_t
window_to(Clock *clock, int32_t date, const HourWindow *window)
{
	return clock_instant(clock, date * MICROSECONDS_PER_DAY + window->to);
}

/* Is the instant in one of the windows that belong to this date? */
static bool
in_windows_of(const Condition *c, Clock *clock, int32_t date, int64_t instant)
{
	for (int i = 0; i < window_count(c); i++)
	{
		const HourWindow *window = window_at(c, i);

		if (instant >= window_from(clock, date, window) && instant < window_to(clock, date, window))
			return true;
	}
	return false;
}

/*
 * The windows around an instant began on its local date or the day before; on the
 * next, where the clock has been set back over midnight.
 */
bool
condition_windows_hold(const Condition *c, Clock *clock, int64_t instant)
{
	int32_t		today = clock_date(clock_local(clock, instant));

	if (c->date_of_instant && !date_fits(c, today))
		return false;
	for (int32_t date = today + 1; date >= today - 1; date--)
		if ((c->date_of_instant || date_fits(c, date)) && in_windows_of(c, clock, date, instant))
			return true;
	return false;
}

static bool
elapsed_holds(const Condition *c, int64_t elapsed)
{
	return elapsed >= 0 && elapsed >= c->elapsed_from && elapsed < c->elapsed_to;
}

static bool
attributes_hold(const Condition *c, const bool *results)
{
	for (int i = 0; i < c->attribute_count; i++)
		if (!results[c->first_attribute + i])
			return false;
	return true;
}

static bool
windows_hold_at(const Condition *c, Clock *clock, const Moment *moment)
{
	if (moment->tests_known && c->window_test > 0)
		return moment->tests & (UINT32_C(1) << (c->window_test - 1));
	return !condition_has_windows(c) || condition_windows_hold(c, clock, moment->instant);
}

/* Does it hold at this moment? */
bool
condition_holds(const Condition *c, const Circumstances *of, const Moment *moment)
{
	return attributes_hold(c, of->attribute_results) &&
		(!c->has_elapsed || elapsed_holds(c, moment->instant - of->start)) &&
		windows_hold_at(c, of->clock, moment) &&
		(c->negated == NULL || !condition_holds(c->negated, of, moment));
}

static void
add_edge(InstantList *edges, int64_t edge, int64_t from, int64_t to)
{
	if (edge > from && edge < to)
		instant_list_add(edges, edge);
}

/* Where its windows begin or end, and its dates. */
void
condition_window_edges(const Condition *c, Clock *clock, int64_t from, int64_t to, InstantList *edges)
{
	int32_t		first = clock_date(clock_local(clock, from)) - 1;
	int32_t		last = clock_date(clock_local(clock, to)) + 1;

	for (int32_t date = first; date <= last; date++)
	{
		bool		fits = date_fits(c, date);

		edges->provider->pause();
		if (c->date_of_instant && has_date_tests(c))
		{
			add_edge(edges, window_from(clock, date, &whole_day), from, to);
			/* where the clock is set back over midnight the date changes there, too */
			add_edge(edges, clock_range(clock, window_from(clock, date, &whole_day))->to, from, to);
		}
		else if (!fits)
			continue;
		for (int i = 0; i < window_count(c); i++)
		{
			add_edge(edges, window_from(clock, date, window_at(c, i)), from, to);
			add_edge(edges, window_to(clock, date, window_at(c, i)), from, to);
		}
	}
}

/*
 * Of these only where they change their answer, as a timeline has them: a bill must not
 * depend on whether that is known.
 */
static void
add_window_changes(const Condition *c, Clock *clock, int64_t from, int64_t to, InstantList *edges)
{
	int			kept = edges->count;
	int			count;

	condition_window_edges(c, clock, from, to, edges);
	count = edges->count;
	edges->count = kept;
	for (int i = kept; i < count; i++)
	{
		edges->provider->pause();
		if (condition_windows_hold(c, clock, edges->instants[i] - 1) != condition_windows_hold(c, clock, edges->instants[i]))
			edges->instants[edges->count++] = edges->instants[i];
	}
}

/*
 * Add the instants between two at which the condition may change its answer; where the
 * timeline is known, the tests that it answers instead.
 */
void
condition_edges(const Condition *c, const Circumstances *of, int64_t from, int64_t to,
				InstantList *edges, uint32_t *tests)
{
	if (!attributes_hold(c, of->attribute_results))
		return;
	if (c->has_elapsed)
	{
		add_edge(edges, of->start, from, to);
		if (c->elapsed_from < to - of->start)
			add_edge(edges, of->start + c->elapsed_from, from, to);
		if (c->elapsed_to < to - of->start)
			add_edge(edges, of->start + c->elapsed_to, from, to);
	}
	if (tests != NULL && c->window_test > 0)
		*tests |= UINT32_C(1) << (c->window_test - 1);
	else if (condition_has_windows(c))
		add_window_changes(c, of->clock, from, to, edges);
	if (c->negated != NULL)
		condition_edges(c->negated, of, from, to, edges, tests);
}
