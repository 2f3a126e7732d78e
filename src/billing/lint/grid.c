/*
 * grid.c
 *		Conditions, asked of made-up moments.
 */
#include <string.h>

#include "billing/lint/grid.h"
#include "billing/tariff/clock.h"

/* 2024-01-01, a Monday like any other. */
#define ORDINARY_MONDAY		8766

/* The ranges of a list are in order, and apart. */
static bool
date_listed(const DateList *list, int32_t date)
{
	int			low = 0;
	int			high = list->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (list->ranges[middle].last < date)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->ranges[low].first <= date;
}

static bool
date_holds(const Condition *when, int32_t date)
{
	return (when->weekdays == 0 || (when->weekdays & (1 << clock_weekday(date))) != 0) &&
		(!when->has_dates || date_listed(&when->dates, date)) &&
		(!when->has_calendars || date_listed(&when->calendar_dates, date));
}

/* The hours, and the date: of the day on which the window began, or of the moment. */
static bool
clock_holds(const Condition *when, int32_t date, int64_t time_of_day)
{
	if (when->hour_count == 0)
		return date_holds(when, date);
	for (int i = 0; i < when->hour_count; i++)
		for (int days_ago = 0; days_ago <= 1; days_ago++)
		{
			int64_t		since = time_of_day + days_ago * MICROSECONDS_PER_DAY;

			if (when->hours[i].from <= since && since < when->hours[i].to &&
				date_holds(when, when->date_of_instant ? date : date - days_ago))
				return true;
		}
	return false;
}

static bool
elapsed_holds(const Condition *when, int64_t elapsed)
{
	return !when->has_elapsed ||
		(elapsed >= 0 && when->elapsed_from <= elapsed && elapsed < when->elapsed_to);
}

static bool
moment_holds(const Condition *when, Moment moment)
{
	return elapsed_holds(when, moment.elapsed) && clock_holds(when, moment.date, moment.time_of_day);
}

static Moment
start_of(Moment moment)
{
	if (moment.elapsed > 0)
	{
		int64_t		since = moment.time_of_day - moment.elapsed % MICROSECONDS_PER_DAY;

		moment.date -= (int32_t) (moment.elapsed / MICROSECONDS_PER_DAY) + (since < 0);
		moment.time_of_day = since + (since < 0 ? MICROSECONDS_PER_DAY : 0);
	}
	moment.elapsed = 0;
	return moment;
}

/*
 * Does all of a condition but its attributes hold?  Whether the attributes of its `not`
 * do, the caller says.
 */
bool
moment_fits(const Condition *when, Moment moment, bool negated_attributes)
{
	if (when->evaluate == EVALUATE_START)
		moment = start_of(moment);
	return moment_holds(when, moment) &&
		!(when->negated != NULL && negated_attributes && moment_holds(when->negated, moment));
}

/* The next of the values in the JSON text of an array; false at its end. */
bool
next_value(const char **values, Attribute *attribute)
{
	const char *at = *values + strspn(*values, "[, \t\n");

	attribute->value = at;
	if (*at == '"')
	{
		for (at++; *at != '\0' && *at != '"'; at++)
			if (*at == '\\' && at[1] != '\0')
				at++;
		at += *at == '"';
	}
	else
		at += strcspn(at, ",] \t\n");
	attribute->length = (int) (at - attribute->value);
	*values = at;
	return attribute->length > 0;
}

static bool
value_listed(const char *values, const Attribute *attribute)
{
	Attribute	listed;

	while (next_value(&values, &listed))
		if (listed.length == attribute->length &&
			memcmp(listed.value, attribute->value, listed.length) == 0)
			return true;
	return false;
}

/* Do the attributes hold of a trip that has this one alone? */
bool
attributes_hold(const Tariff *tariff, const Condition *when, const Attribute *attribute)
{
	const AttributeTest *tests = tariff->attribute_tests + when->first_attribute;

	for (int i = 0; i < when->attribute_count; i++)
		if (attribute->name == NULL || strcmp(tests[i].name, attribute->name) != 0 ||
			!value_listed(tests[i].values, attribute))
			return false;
	return true;
}

/* Has every trip that passes one test passed the other? */
static bool
test_implies(const AttributeTest *test, const AttributeTest *other)
{
	const char *values = test->values;
	Attribute	value;

	if (strcmp(test->name, other->name) != 0)
		return false;
	while (next_value(&values, &value))
		if (!value_listed(other->values, &value))
			return false;
	return true;
}

/* Do the attributes of a condition's `not` hold whenever its own do? */
static bool
negated_attributes_implied(const Tariff *tariff, const Condition *when)
{
	const AttributeTest *own = tariff->attribute_tests + when->first_attribute;
	const AttributeTest *negated;

	if (when->negated == NULL)
		return false;
	negated = tariff->attribute_tests + when->negated->first_attribute;
	for (int i = 0; i < when->negated->attribute_count; i++)
	{
		bool		implied = false;

		for (int j = 0; j < when->attribute_count && !implied; j++)
			implied = test_implies(&own[j], &negated[i]);
		if (!implied)
			return false;
	}
	return true;
}

void
grid_init(Grid *grid)
{
	grid->incomplete = false;
	grid->date_count = 0;
	grid->time_count = 1;
	grid->times[0] = 0;
	grid->elapsed_count = 0;
	grid->list_count = 0;
}

static void
add_edge(Grid *grid, int64_t *edges, int *count, int limit, int64_t edge)
{
	for (int i = 0; i < *count; i++)
		if (edges[i] == edge)
			return;
	if (*count == limit)
		grid->incomplete = true;
	else
		edges[(*count)++] = edge;
}

void
grid_add_elapsed(Grid *grid, int64_t elapsed)
{
	add_edge(grid, grid->elapsed, &grid->elapsed_count, MAX_GRID_ELAPSED, elapsed);
}

static void
add_list(Grid *grid, const DateList *list)
{
	/* conditions that name the same calendar share its dates */
	for (int i = 0; i < grid->list_count; i++)
		if (grid->lists[i]->ranges == list->ranges && grid->lists[i]->count == list->count)
			return;
	if (grid->list_count == MAX_GRID_LISTS)
		grid->incomplete = true;
	else
		grid->lists[grid->list_count++] = list;
}

/* The edges of a condition and of its `not`. */
void
grid_add(Grid *grid, const Condition *when)
{
	for (int i = 0; i < when->hour_count; i++)
	{
		add_edge(grid, grid->times, &grid->time_count, MAX_GRID_TIMES,
				 when->hours[i].from % MICROSECONDS_PER_DAY);
		add_edge(grid, grid->times, &grid->time_count, MAX_GRID_TIMES,
				 when->hours[i].to % MICROSECONDS_PER_DAY);
	}
	if (when->has_elapsed)
	{
		grid_add_elapsed(grid, when->elapsed_from);
		if (when->elapsed_to != INT64_MAX)
			grid_add_elapsed(grid, when->elapsed_to);
	}
	if (when->has_dates)
		add_list(grid, &when->dates);
	if (when->has_calendars)
		add_list(grid, &when->calendar_dates);
	if (when->negated != NULL)
		grid_add(grid, when->negated);
}

/* All that conditions may ask of a date: its weekday, and the lists it and its eve are in. */
static uint64_t
date_signature(const Grid *grid, int32_t date)
{
	uint64_t	signature = clock_weekday(date);

	/* a hash for many lists; a grid of few has no two of the same */
	for (int i = 0; i < grid->list_count; i++)
		signature = signature * 31 + date_listed(grid->lists[i], date) * 2 +
			date_listed(grid->lists[i], date - 1);
	return signature;
}

static void
add_date(Grid *grid, int32_t date)
{
	uint64_t	signature = date_signature(grid, date);

	for (int i = 0; i < grid->date_count; i++)
		if (grid->signatures[i] == signature)
			return;
	if (grid->date_count == MAX_GRID_DATES)
	{
		grid->incomplete = true;
		return;
	}
	grid->signatures[grid->date_count] = signature;
	grid->dates[grid->date_count++] = date;
}

/*
 * Dates of every kind that the conditions tell apart: a week in no list, and a week on
 * both sides of every edge of a list, or of so many in each.
 */
void
grid_choose_dates(Grid *grid, int ranges)
{
	int32_t		ordinary = ORDINARY_MONDAY;

	for (int i = 0; i < grid->list_count; i++)
		for (int j = 0; j < grid->lists[i]->count; j++)
			if (grid->lists[i]->ranges[j].last + 2 > ordinary)
				ordinary = grid->lists[i]->ranges[j].last + 2;
	/* from a Monday on */
	ordinary += (7 - clock_weekday(ordinary)) % 7;
	for (int day = 0; day < 7; day++)
		add_date(grid, ordinary + day);
	for (int i = 0; i < grid->list_count; i++)
		for (int j = 0; j < grid->lists[i]->count && j < ranges; j++)
			for (int day = -7; day <= 7; day++)
			{
				add_date(grid, grid->lists[i]->ranges[j].first + day);
				add_date(grid, grid->lists[i]->ranges[j].last + day);
			}
}

/* Does it ask for calendars, of which one is not known? */
bool
condition_is_unknown(const Condition *when, bool calendars_missing)
{
	return calendars_missing &&
		(when->has_calendars || (when->negated != NULL && when->negated->has_calendars));
}

/* Does a condition hold on the grid, while so long has elapsed, `to` not included? */
static bool
holds_on_grid(const Grid *grid, const Condition *when, bool negated_attributes, int64_t elapsed_from,
			  int64_t elapsed_to)
{
	for (int i = 0; i < grid->elapsed_count; i++)
	{
		if (grid->elapsed[i] < elapsed_from || grid->elapsed[i] >= elapsed_to)
			continue;
		for (int date = 0; date < grid->date_count; date++)
			for (int time = 0; time < grid->time_count; time++)
			{
				Moment		moment = {grid->dates[date], grid->times[time], grid->elapsed[i]};

				if (moment_fits(when, moment, negated_attributes))
					return true;
			}
	}
	return false;
}

/*
 * May a condition hold at some moment from so long after the start, to so long (not
 * included)?  If it is asked at the start, the moment is that.
 */
bool
condition_possible(const Tariff *tariff, const Condition *when, int64_t elapsed_from,
				   int64_t elapsed_to)
{
	Grid		grid;
	bool		negated_attributes = negated_attributes_implied(tariff, when);

	if (when->evaluate == EVALUATE_START)
	{
		elapsed_from = 0;
		elapsed_to = 1;
	}
	grid_init(&grid);
	grid_add_elapsed(&grid, elapsed_from);
	grid_add(&grid, when);
	/* most conditions hold on some of their first dates */
	grid_choose_dates(&grid, 2);
	if (holds_on_grid(&grid, when, negated_attributes, elapsed_from, elapsed_to))
		return true;
	grid_choose_dates(&grid, INT32_MAX);
	return holds_on_grid(&grid, when, negated_attributes, elapsed_from, elapsed_to) || grid.incomplete;
}
