/*
 * lint.c
 *		What a tariff says that its author hardly meant: rule by rule.
 */
#include <stddef.h>

#include "billing/lint/lint.h"
#include "billing/lint/text.h"
#include "billing/lint/grid.h"

/* When a condition is asked: so long after the start, `to` not included. */
typedef struct Span
{
	int64_t		from;
	int64_t		to;
} Span;

static const Span whole_trip = {0, INT64_MAX};

static int64_t
whole_microseconds(Rational time)
{
	Int128		number = rational_ceil(time, whole(1)).num;

	return number < INT64_MAX ? (int64_t) number : INT64_MAX;
}

/*
 * When does a trip have the quantities of a rate?  As much time as was spent in motion, or
 * at rest, has passed at least.
 */
static Span
span_of_rate(const Rate *rate)
{
	Span		span = whole_trip;

	if (rate->dimension == RESERVED)
		return (Span) {BEFORE_THE_START, 0};
	if (rate->dimension == DISTANCE || rate->per_rental)
		return span;
	span.from = whole_microseconds(rate->from);
	if (rate->dimension == TIME && rate->has_to)
		span.to = whole_microseconds(rate->to);
	return span;
}

static Span
span_of_multiplier(const Multiplier *multiplier)
{
	if (multiplier->to == 1u << MULTIPLIES_BASE)
		return (Span) {0, 1};
	if (multiplier->to == 1u << RESERVED)
		return (Span) {BEFORE_THE_START, 0};
	return (Span) {
		(multiplier->to & (1u << RESERVED)) != 0 ? BEFORE_THE_START : 0, INT64_MAX
	};
}

static void
append_span(Text *text, int64_t from, int64_t to)
{
	text_append(text, " from ");
	text_duration(text, from);
	if (to != INT64_MAX)
	{
		text_append(text, " to ");
		text_duration(text, to);
	}
}

static void
append_elapsed(Text *text, const Condition *when, Span asked)
{
	text_append(text, "elapsed");
	append_span(text, when->elapsed_from, when->elapsed_to);
	if (when->evaluate == EVALUATE_START)
		text_append(text, " is asked at the start alone");
	else if (asked.to <= 0)
		text_append(text, " is asked before the start alone");
	else
	{
		text_append(text, " is asked");
		append_span(text, asked.from, asked.to);
		text_append(text, " after the start alone");
	}
}

static void
append_weekdays(Text *text, uint8_t weekdays)
{
	const char *between = "";

	for (int day = 0; day < 7; day++)
		if (weekdays & (1 << day))
		{
			text_append(text, "%s%s", between, weekday_names[day]);
			between = ", ";
		}
}

static void
append_dates(const Linter *linter, Text *text, const DateList *list)
{
	char		date[LINT_DATE_SIZE];

	if (list->count == 0)
	{
		text_append(text, "none");
		return;
	}
	linter->write_date(list->ranges[0].first, date);
	text_append(text, "%s", date);
	linter->write_date(list->ranges[0].last, date);
	if (list->ranges[0].last != list->ranges[0].first)
		text_append(text, "/%s", date);
	if (list->count > 1)
		text_append(text, " and %d more", list->count - 1);
}

static void
append_calendar(const Linter *linter, Text *text, const Condition *when)
{
	const char *between = "";

	text_append(text, "no date is of all of its ");
	if (when->weekdays != 0)
	{
		text_append(text, "weekdays (");
		append_weekdays(text, when->weekdays);
		text_append(text, ")");
		between = ", ";
	}
	if (when->has_dates)
	{
		text_append(text, "%sdates (", between);
		append_dates(linter, text, &when->dates);
		text_append(text, ")");
		between = ", ";
	}
	if (when->has_calendars)
	{
		text_append(text, "%scalendars (", between);
		append_dates(linter, text, &when->calendar_dates);
		text_append(text, ")");
	}
}

/* Why a condition never holds: the first part without which it would. */
static void
report_impossible(const Linter *linter, const char *path, const Condition *when, Span asked)
{
	Text		text = text_of("it never holds: ");
	Condition	part = *when;

	part.negated = NULL;
	if (condition_possible(linter->tariff, &part, asked.from, asked.to))
		text_append(&text, "\"not\" excludes all that the rest allows");
	else
	{
		part.has_elapsed = false;
		if (condition_possible(linter->tariff, &part, asked.from, asked.to))
			append_elapsed(&text, when, asked);
		else
			append_calendar(linter, &text, when);
	}
	linter->found(linter->context, path, "unreachable", text.bytes);
}

static void
lint_when(const Linter *linter, const char *rule, const Condition *when, Span asked)
{
	Text		path = text_of("%s.when", rule);

	if (when == NULL)
		return;
	linter->poll();
	lint_hours(linter, path.bytes, when);
	if (!condition_is_unknown(when, linter->calendars_missing) &&
		!condition_possible(linter->tariff, when, asked.from, asked.to))
		report_impossible(linter, path.bytes, when, asked);
}

/* A rate that prices the point, always, and is asked before another. */
static const Rate *
find_shadow(const Tariff *tariff, const Rate *rate, Rational point)
{
	for (const Rate *other = tariff->rates; other < rate; other++)
	{
		bool		is_all = is_zero(other->from) && !other->has_to;

		if (other->dimension == rate->dimension && other->when == NULL &&
			/* a range of the rental is no range of the trip */
			(is_all || other->per_rental == rate->per_rental) &&
			rational_compare(other->from, point) <= 0 &&
			(!other->has_to || rational_compare(other->to, point) > 0))
			return other;
	}
	return NULL;
}

/* Do unconditional rates before it price all of its range? */
static void
lint_shadowed(const Linter *linter, const char *path, const Rate *rate)
{
	Rational	point = rate->from;
	Text		text = text_of("the rates before it that have no condition price all of it, from ");
	const Rate *shadow;

	do
	{
		shadow = find_shadow(linter->tariff, rate, point);
		if (shadow == NULL)
			return;
		point = shadow->to;
	} while (shadow->has_to && !(rate->has_to && rational_compare(point, rate->to) >= 0));
	text_length_or_time(&text, rate->dimension, rate->from);
	if (rate->has_to)
	{
		text_append(&text, " to ");
		text_length_or_time(&text, rate->dimension, rate->to);
	}
	else
		text_append(&text, " on");
	linter->found(linter->context, path, "unreachable", text.bytes);
}

static void
lint_rates(const Linter *linter)
{
	const Tariff *tariff = linter->tariff;

	for (int i = 0; i < tariff->rate_count; i++)
	{
		const Rate *rate = &tariff->rates[i];
		bool		first = tariff->select_first[rate->dimension];
		Text		path = text_of("rates[%d]", i);

		if (first)
			lint_shadowed(linter, path.bytes, rate);
		lint_when(linter, path.bytes, rate->when, span_of_rate(rate));
		lint_tiers(linter, path.bytes, rate, first);
	}
	for (int i = 0; i < tariff->period.rate_count; i++)
		lint_tiers(linter, text_of("period.rates[%d]", i).bytes, &tariff->period.rates[i], false);
}

static void
lint_flat_fares(const Linter *linter)
{
	const Tariff *tariff = linter->tariff;
	int			always = -1;

	for (int i = 0; i < tariff->flat_fare_count; i++)
	{
		Text		path = text_of("flat_fares[%d]", i);

		if (always >= 0)
			linter->found(linter->context, path.bytes, "unreachable",
						  text_of("flat_fares[%d] before it has no condition", always).bytes);
		else if (tariff->flat_fares[i].when == NULL)
			always = i;
		lint_when(linter, path.bytes, tariff->flat_fares[i].when, whole_trip);
	}
}

static void
lint_charges(const Linter *linter, const char *list, const Charge *charges, int count)
{
	for (int i = 0; i < count; i++)
		lint_when(linter, text_of("%s[%d]", list, i).bytes, charges[i].when, whole_trip);
}

static void
lint_caps(const Linter *linter)
{
	for (int i = 0; i < linter->tariff->cap_count; i++)
		if (linter->tariff->caps[i].window != CAP_ROLLING)
			lint_day_edge(linter, text_of("caps[%d].calendar", i).bytes);
}

/* Report all findings of a tariff. */
void
lint_tariff(const Linter *linter)
{
	const Tariff *tariff = linter->tariff;

	lint_amounts(linter);
	lint_when(linter, "rounding.cash", tariff->cash_when, whole_trip);
	lint_rates(linter);
	lint_fallbacks(linter);
	for (int i = 0; i < tariff->multiplier_count; i++)
		lint_when(linter, text_of("multipliers[%d]", i).bytes, tariff->multipliers[i].when,
				  span_of_multiplier(&tariff->multipliers[i]));
	lint_flat_fares(linter);
	lint_charges(linter, "surcharges", tariff->surcharges, tariff->surcharge_count);
	lint_caps(linter);
	lint_charges(linter, "discounts", tariff->discounts, tariff->discount_count);
}
