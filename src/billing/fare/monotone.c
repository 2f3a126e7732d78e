/*
 * monotone.c
 *		Whether a fare may fall while a trip goes on.
 */
#include "billing/fare/monotone.h"
#include "billing/tariff/condition.h"

/* Does a multiplier of a dimension or of the meter begin or cease to hold during a trip? */
static bool
multipliers_may_change(const Tariff *t, int target)
{
	for (int m = 0; m < t->multiplier_count; m++)
		if ((t->multipliers[m].to & (UINT32_C(1) << target)) &&
			condition_may_change(t->multipliers[m].when))
			return true;
	return false;
}

/* Is the quantity that a step adds priced otherwise later on? */
static bool
steps_may_fall(const Tariff *t, const Rate *rate)
{
	return rate->has_step &&
		(multipliers_may_change(t, rate->dimension) || rate->when != NULL ||
		 t->select_first[rate->dimension]);
}

static bool
charges_may_change(const Charge *charges, int count)
{
	for (int i = 0; i < count; i++)
		if (condition_may_change(charges[i].when))
			return true;
	return false;
}

/*
 * May the fare fall while a trip goes on, though no price is negative?  It may where:
 * - a step was begun at a higher price than it is rounded up at;
 * - the price of volume tiers falls;
 * - a flat fare, a discount or the rounding of cash comes to hold;
 * - a minimum or a cap replaces a charge that is taxed at another rate;
 * - two caps take from each other's windows.
 */
bool
fare_may_fall(const Tariff *t)
{
	for (int i = 0; i < t->rate_count; i++)
		if (t->rates[i].tier_mode == VOLUME || steps_may_fall(t, &t->rates[i]))
			return true;
	return charges_may_change(t->flat_fares, t->flat_fare_count) ||
		charges_may_change(t->discounts, t->discount_count) ||
		condition_may_change(t->cash_when) ||
		(t->has_tax && t->tax.rule_count > 0) || t->cap_count > 1;
}

/* Does what a meter charges depend on when and how fast the trip was driven? */
bool
fare_meter_needs_legs(const Tariff *t)
{
	return t->has_meter &&
		(t->meter.mode != METER_D || multipliers_may_change(t, MULTIPLIES_METER));
}
