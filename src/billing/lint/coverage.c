/*
 * coverage.c
 *		no_fallback: is there a quantity and a moment for which a dimension has no rate?
 *
 * Looked for among trips on a grid of moments, that have one attribute or none: what is
 * found is a trip that may be; what is not found may be still.
 */
#include <stddef.h>

#include "billing/lint/lint.h"
#include "billing/lint/text.h"
#include "billing/tariff/clock.h"
#include "billing/tariff/names.h"
#include "billing/lint/grid.h"

#define MAX_QUANTITIES	256

/* So often a condition is asked at most, for one dimension. */
#define MAX_QUESTIONS	10000000

typedef struct Coverage
{
	const Linter *linter;
	Dimension	dimension;
	bool		conditional;	/* has any rate a condition? */
	int			rate_count;
	const Rate *rates[MAX_TARIFF_RULES];
	int			quantity_count;
	Rational	quantities[MAX_QUANTITIES];
	Grid		grid;
	int			questions;

	/* of the quantity and the attribute at hand: what may hold */
	int			active_count;
	const Condition *active[MAX_TARIFF_RULES];
	bool		negated_attributes[MAX_TARIFF_RULES];
} Coverage;

static void
add_quantity(Coverage *c, Rational quantity)
{
	for (int i = 0; i < c->quantity_count; i++)
		if (rational_compare(c->quantities[i], quantity) == 0)
			return;
	if (c->quantity_count < MAX_QUANTITIES)
		c->quantities[c->quantity_count++] = quantity;
}

/*
 * The rates of a dimension.  Where all are added, a price that is charged once is no
 * price of a quantity.
 */
static void
collect_rates(Coverage *c)
{
	const Tariff *tariff = c->linter->tariff;

	for (int i = 0; i < tariff->rate_count; i++)
	{
		const Rate *rate = &tariff->rates[i];

		if (rate->dimension != c->dimension ||
			(rate->once && !tariff->select_first[c->dimension]))
			continue;
		c->rates[c->rate_count++] = rate;
		c->conditional |= rate->when != NULL;
	}
}

static void
collect_edges(Coverage *c)
{
	add_quantity(c, whole(0));
	grid_init(&c->grid);
	grid_add_elapsed(&c->grid, 0);
	for (int i = 0; i < c->rate_count; i++)
	{
		add_quantity(c, c->rates[i]->from);
		if (c->rates[i]->has_to)
			add_quantity(c, c->rates[i]->to);
		if (c->rates[i]->when != NULL)
			grid_add(&c->grid, c->rates[i]->when);
	}
	grid_choose_dates(&c->grid, INT32_MAX);
	/* a trip's time is the time since its start */
	for (int i = 0; c->dimension == TIME && i < c->grid.elapsed_count; i++)
		add_quantity(c, whole(c->grid.elapsed[i]));
}

/*
 * Which conditions may hold at this quantity?  False if a rate holds at any moment, or if
 * that is not known.
 */
static bool
choose_active(Coverage *c, Rational quantity, const Attribute *attribute)
{
	const Tariff *tariff = c->linter->tariff;

	c->active_count = 0;
	for (int i = 0; i < c->rate_count; i++)
	{
		const Condition *when = c->rates[i]->when;

		if (rational_compare(quantity, c->rates[i]->from) < 0 ||
			(c->rates[i]->has_to && rational_compare(quantity, c->rates[i]->to) >= 0))
			continue;
		if (when == NULL || condition_is_unknown(when, c->linter->calendars_missing))
			return false;
		if (!attributes_hold(tariff, when, attribute))
			continue;
		c->negated_attributes[c->active_count] = when->negated != NULL &&
			attributes_hold(tariff, when->negated, attribute);
		c->active[c->active_count++] = when;
	}
	return true;
}

static bool
any_holds(Coverage *c, Moment moment)
{
	for (int i = 0; i < c->active_count; i++)
		if (c->questions++ >= MAX_QUESTIONS ||
			moment_fits(c->active[i], moment, c->negated_attributes[i]))
			return true;
	return false;
}

static void
append_moment(const Coverage *c, Text *text, Moment moment)
{
	bool		ordinary = false;

	text_append(text, ", on ");
	for (int day = 0; day < 7; day++)
		ordinary |= c->grid.dates[day] == moment.date;
	if (!ordinary)
	{
		char		date[LINT_DATE_SIZE];

		c->linter->write_date(moment.date, date);
		text_append(text, "%s, a ", date);
	}
	text_append(text, "%s, at ", weekday_names[clock_weekday(moment.date)]);
	text_clock(text, moment.time_of_day);
	if (moment.elapsed > 0 && c->dimension != TIME)
	{
		text_append(text, ", ");
		text_duration(text, moment.elapsed);
		text_append(text, " after the start");
	}
}

static void
report(const Coverage *c, Rational quantity, const Attribute *attribute, Moment moment)
{
	Text		text = text_of("no rate prices %s from ", tariff_dimension_names[c->dimension]);

	text_length_or_time(&text, c->dimension, quantity);
	text_append(&text, " on");
	if (c->conditional)
		append_moment(c, &text, moment);
	if (attribute->name != NULL)
		text_append(&text, ", where attribute \"%s\" is %.*s", attribute->name,
					attribute->length, attribute->value);
	else if (c->conditional && c->linter->tariff->attribute_test_count > 0)
		text_append(&text, ", without attributes");
	c->linter->found(c->linter->context, "rates", "no_fallback", text.bytes);
}

/* How long after the start is this quantity reached, of a trip at that time of the grid? */
static int64_t
elapsed_at(const Coverage *c, Rational quantity, int64_t elapsed)
{
	Int128		least = rational_ceil(quantity, whole(1)).num;

	if (c->dimension == RESERVED)
		return BEFORE_THE_START;
	if (c->dimension == DISTANCE || (c->dimension != TIME && elapsed >= least))
		return elapsed;
	return least < INT64_MAX ? (int64_t) least : INT64_MAX;
}

/* Report the first moment at which a trip with this attribute has no rate for the quantity. */
static bool
find_hole(Coverage *c, Rational quantity, const Attribute *attribute)
{
	const Grid *grid = &c->grid;

	c->linter->poll();
	if (c->questions >= MAX_QUESTIONS || !choose_active(c, quantity, attribute))
		return false;
	/* the elapsed time of `time` is the quantity's */
	for (int i = 0; i < (c->dimension == TIME ? 1 : grid->elapsed_count); i++)
		for (int date = 0; date < grid->date_count; date++)
			for (int time = 0; time < grid->time_count; time++)
			{
				Moment		moment = {grid->dates[date], grid->times[time],
				elapsed_at(c, quantity, grid->elapsed[i])};

				if (!any_holds(c, moment))
				{
					report(c, quantity, attribute, moment);
					return true;
				}
			}
	return false;
}

/* The same of trips with each of the attributes that are asked for. */
static bool
find_hole_with_attributes(Coverage *c, Rational quantity)
{
	const Tariff *tariff = c->linter->tariff;

	for (int i = 0; i < tariff->attribute_test_count; i++)
	{
		Attribute	attribute = {.name = tariff->attribute_tests[i].name};
		const char *values = tariff->attribute_tests[i].values;

		while (next_value(&values, &attribute))
			if (find_hole(c, quantity, &attribute))
				return true;
	}
	return false;
}

static void
lint_fallback(const Linter *linter, Dimension dimension)
{
	Coverage	c = {.linter = linter, .dimension = dimension};
	Attribute	none = {0};

	collect_rates(&c);
	if (c.rate_count == 0 || !(c.conditional || linter->tariff->select_first[dimension]))
		return;
	collect_edges(&c);
	for (int i = 0; i < c.quantity_count; i++)
		if (find_hole(&c, c.quantities[i], &none))
			return;
	for (int i = 0; c.conditional && i < c.quantity_count; i++)
		if (find_hole_with_attributes(&c, c.quantities[i]))
			return;
}

/* Of each dimension the first hole.  What rates leave out, a meter may price. */
void
lint_fallbacks(const Linter *linter)
{
	for (int dimension = 0; dimension < DIMENSION_COUNT; dimension++)
		if (!linter->tariff->has_meter || dimension == RESERVED)
			lint_fallback(linter, dimension);
}
