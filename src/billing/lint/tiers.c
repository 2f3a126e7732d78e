/*
 * tiers.c
 *		Tiers that no quantity falls in, and volume tiers at whose bound more costs less.
 */
#include <stddef.h>

#include "billing/lint/lint.h"
#include "billing/lint/text.h"

static bool
is_rounded(const Rate *rate)
{
	return rate->has_step && rate->step_rounding != STEP_NONE;
}

/*
 * The most that can pass through a rate's tiers, in mm or us: its range, rounded to its
 * step, without what is free.  With `first` the step may be added to any quantity.
 */
static Rational
largest_quantity(const Rate *rate, bool first)
{
	static const RoundingMode modes[] = {
		[STEP_UP] = ROUND_UP, [STEP_DOWN] = ROUND_DOWN, [STEP_NEAREST] = ROUND_HALF_UP
	};
	Rational	largest = rational_subtract(rate->to, rate->from);

	if (is_rounded(rate) && !first)
		largest = rational_round(largest, rate->step, modes[rate->step_rounding]);
	else if (is_rounded(rate) && rate->step_rounding != STEP_DOWN)
		largest = rational_add(largest, rate->step);
	return rational_subtract(largest, rate->free);
}

/* Are all quantities of the rate at or below a bound? */
static bool
never_passed(const Rate *rate, Rational bound, bool first)
{
	Rational	largest;

	if (!rate->has_to)
		return false;
	largest = largest_quantity(rate, first);
	return in_range(largest) && in_range(bound) && rational_compare(largest, bound) <= 0;
}

static void
report_unreachable(const Linter *linter, const char *path, const Rate *rate, Rational bound, bool first)
{
	Text		text = text_of("the tier begins beyond ");

	text_length_or_time(&text, rate->dimension, bound);
	text_append(&text, ", and its rate prices at most ");
	text_length_or_time(&text, rate->dimension, largest_quantity(rate, first));
	linter->found(linter->context, path, "unreachable", text.bytes);
}

/* What a quantity, in units, costs if it falls in this tier. */
static Rational
tier_total(const Tier *tier, Rational units)
{
	return rational_add(tier->flat, rational_multiply(tier->price, units));
}

static Rational
in_units(const Rate *rate, Rational quantity)
{
	return rational_divide(quantity, rate->unit);
}

/*
 * The quantities next to a bound: the last in its tier, and the first beyond it.  With
 * steps they are apart; without, both are the bound.
 */
static void
neighbours(const Rate *rate, Rational bound, Rational *last, Rational *next)
{
	*last = *next = bound;
	if (is_rounded(rate))
	{
		*last = rational_subtract(rational_floor(rational_add(bound, rate->free), rate->step), rate->free);
		*next = rational_add(*last, rate->step);
	}
}

static void
lint_cliff(const Linter *linter, const char *path, const Rate *rate, const Tier *tier)
{
	Rational	last,
				next,
				total,
				next_total;
	Text		text = text_of("the total falls from ");

	neighbours(rate, rational_multiply(tier->to, rate->unit), &last, &next);
	total = tier_total(tier, in_units(rate, last));
	next_total = tier_total(tier + 1, in_units(rate, next));
	if (!in_range(total) || !in_range(next_total) || rational_compare(next_total, total) >= 0)
		return;
	text_decimal(&text, total);
	text_append(&text, " at ");
	text_length_or_time(&text, rate->dimension, last);
	text_append(&text, " to ");
	text_decimal(&text, next_total);
	text_append(&text, is_rounded(rate) ? " at " : " beyond ");
	text_length_or_time(&text, rate->dimension, next);
	linter->found(linter->context, path, "volume_cliff", text.bytes);
}

/* The tiers of a rate, of which all are added, or the first that holds is taken. */
void
lint_tiers(const Linter *linter, const char *path, const Rate *rate, bool first)
{
	for (int i = 0; i + 1 < rate->tier_count; i++)
	{
		const Tier *tier = &rate->tiers[i];
		Rational	bound = rational_multiply(tier->to, rate->unit);

		if (never_passed(rate, bound, first))
			report_unreachable(linter, text_of("%s.tiers.bounds[%d]", path, i + 1).bytes, rate, bound, first);
		else if (rate->tier_mode == VOLUME)
			lint_cliff(linter, text_of("%s.tiers.bounds[%d].to", path, i).bytes, rate, tier);
	}
}
