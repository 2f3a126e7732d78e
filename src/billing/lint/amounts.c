/*
 * amounts.c
 *		currency_digits: amounts that nobody can pay.
 */
#include <stddef.h>

#include "billing/lint/lint.h"
#include "billing/lint/text.h"
#include "billing/money/currency.h"

/* Is it a whole number of steps? */
static bool
is_multiple(Rational amount, Rational step)
{
	return rational_compare(rational_floor(amount, step), amount) == 0;
}

static void
check_amount(const Linter *linter, const char *path, Rational amount)
{
	const Tariff *tariff = linter->tariff;
	Text		text = text_of("the amount ");

	if (is_multiple(amount, rational_decimal_unit(tariff->currency_digits)))
		return;
	text_decimal(&text, amount);
	text_append(&text, " has more digits behind the point than the %d of %s",
				tariff->currency_digits, tariff->currency);
	linter->found(linter->context, path, "currency_digits", text.bytes);
}

static void
check_step(const Linter *linter, const char *path, Rational step, const char *is, Rational smallest)
{
	Text		text = text_of("the step ");

	text_decimal(&text, step);
	text_append(&text, " is %s of %s, ", is, linter->tariff->currency);
	text_decimal(&text, smallest);
	linter->found(linter->context, path, "currency_digits", text.bytes);
}

static void
check_rounding(const Linter *linter)
{
	const Tariff *tariff = linter->tariff;
	Rational	unit = rational_decimal_unit(tariff->currency_digits);
	Currency	currency;

	if (rational_compare(tariff->fare_rounding.step, unit) < 0)
		check_step(linter, "rounding.fare.step", tariff->fare_rounding.step,
				   "finer than the smallest unit", unit);
	if (tariff->cash_rounding.given && currency_find(tariff->currency, &currency) &&
		!is_multiple(tariff->cash_rounding.step, currency.cash_step))
		check_step(linter, "rounding.cash.step", tariff->cash_rounding.step,
				   "not a whole number of the smallest cash step", currency.cash_step);
}

/* A price for each unit may have any digits; one that is charged once is an amount. */
static void
check_rates(const Linter *linter, const char *list, const Rate *rates, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (rates[i].once)
			check_amount(linter, text_of("%s[%d].price", list, i).bytes, rates[i].price);
		for (int j = 0; j < rates[i].tier_count; j++)
			check_amount(linter, text_of("%s[%d].tiers.bounds[%d].flat", list, i, j).bytes,
						 rates[i].tiers[j].flat);
	}
}

static void
check_charges(const Linter *linter, const char *list, const Charge *charges, int count)
{
	for (int i = 0; i < count; i++)
		if (!charges[i].is_percent && charges[i].attribute < 0)
			check_amount(linter, text_of("%s[%d].amount", list, i).bytes, charges[i].amount);
}

static void
check_period(const Linter *linter, const Period *period)
{
	check_amount(linter, "period.fee.amount", period->fee);
	check_rates(linter, "period.rates", period->rates, period->rate_count);
	if (period->has_daily_cap)
		check_amount(linter, "period.daily_cap", period->daily_cap);
	if (period->has_minimum)
		check_amount(linter, "period.minimum", period->minimum);
	if (period->has_maximum)
		check_amount(linter, "period.maximum", period->maximum);
	check_charges(linter, "period.discounts", period->discounts, period->discount_count);
}

void
lint_amounts(const Linter *linter)
{
	const Tariff *tariff = linter->tariff;

	check_rounding(linter);
	check_amount(linter, "base", tariff->base);
	check_rates(linter, "rates", tariff->rates, tariff->rate_count);
	if (tariff->has_meter && tariff->meter.has_increment)
		check_amount(linter, "meter.increment", tariff->meter.increment);
	check_charges(linter, "flat_fares", tariff->flat_fares, tariff->flat_fare_count);
	check_charges(linter, "surcharges", tariff->surcharges, tariff->surcharge_count);
	if (tariff->has_minimum)
		check_amount(linter, "minimum", tariff->minimum);
	if (tariff->has_maximum)
		check_amount(linter, "maximum", tariff->maximum);
	for (int i = 0; i < tariff->cap_count; i++)
		check_amount(linter, text_of("caps[%d].amount", i).bytes, tariff->caps[i].amount);
	check_charges(linter, "discounts", tariff->discounts, tariff->discount_count);
	if (tariff->period.given)
		check_period(linter, &tariff->period);
}
