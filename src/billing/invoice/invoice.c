/*
 * invoice.c
 *		The bill of a period.
 *
 * A period is priced as one trip without a time, under a tariff made of the plan's
 * period: so rates, limits, discounts, tax and rounding are those of fares.
 */
#include <string.h>

#include "billing/invoice/invoice.h"

/* The tariff of the period: what it does not name it does not have. */
static void
make_period_tariff(Tariff *t, const Tariff *plan)
{
	const Period *period = &plan->period;

	memset(t, 0, sizeof(Tariff));
	memcpy(t->currency, plan->currency, sizeof(t->currency));
	t->currency_digits = plan->currency_digits;
	t->fare_digits = plan->fare_digits;
	t->time_zone = plan->time_zone;
	t->line_rounding = plan->line_rounding;
	t->fare_rounding = plan->fare_rounding;
	t->cash_rounding = plan->cash_rounding;
	t->cash_when = plan->cash_when;
	t->base = whole(0);
	t->rate_count = period->rate_count;
	t->rates = period->rates;
	t->has_minimum = period->has_minimum;
	t->minimum = period->minimum;
	t->has_maximum = period->has_maximum;
	t->maximum = period->maximum;
	t->discount_count = period->discount_count;
	t->discounts = period->discounts;
	t->has_tax = plan->has_tax;
	t->tax = plan->tax;
}

/* What is for each member, and for each day. */
static Rational
share_out(Rational amount, bool pooled, bool prorated, const PeriodShare *share)
{
	if (pooled)
		amount = rational_multiply(amount, whole(share->members));
	if (prorated)
		amount = rational_multiply(amount, rational(share->days, share->period_days));
	return amount;
}

/* Return the daily cap in parts: exactly, because a decimal has at most 9 digits. */
Int128
invoice_daily_cap(const Period *period)
{
	return period->daily_cap.num * (AMOUNT_PARTS / period->daily_cap.den);
}

static Rational
of_parts(Int128 parts)
{
	return rational_reduce((Rational) {parts, AMOUNT_PARTS});
}

static void
add_trips(FareBill *bill, const Period *period, const PeriodTotals *totals)
{
	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_TRIPS, .rule = tariff_line_kind_names[LINE_TRIPS], .unit = "trip",
			.quantity = whole(totals->trip_count), .billed = whole(totals->trip_count),
			.factor = whole(1), .exact = of_parts(totals->amount),
	});
	if (period->has_daily_cap)
		fare_bill_add(bill, &(BillLine) {
			.kind = LINE_DAILY_CAP, .rule = tariff_line_kind_names[LINE_DAILY_CAP],
				.exact = of_parts(-totals->over_cap), .note = totals->over_cap == 0,
		});
}

static void
add_fee(FareBill *bill, const Period *period, const PeriodShare *share)
{
	bool		pooled = period->fee_pooled;
	bool		prorated = period->fee_prorated;

	if (period->fee.num == 0)
		return;
	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_FEE, .rule = tariff_line_kind_names[LINE_FEE], .unit = "once",
			.quantity = whole(1), .billed = whole(1), .rate = period->fee,
			.factor = share_out(whole(1), pooled, prorated, share),
			.exact = share_out(period->fee, pooled, prorated, share),
	});
}

/*
 * Take an allowance off what is left of its quantity, and add a line that shows it and
 * costs nothing.  A share of an allowance that is no whole number of millimetres or
 * microseconds is rounded half up.
 */
static void
apply_allowance(FareBill *bill, const Allowance *a, const PeriodShare *share, int64_t *left)
{
	bool		length = a->dimension == DISTANCE;
	int64_t		unit = length ? 1000000 : 60000000;
	Rational	included = share_out(a->included, a->pooled, a->prorated, share);
	Rational	taken;

	included = rational_round(included, whole(1), ROUND_HALF_UP);
	if (!in_range(included))
	{
		bill->fits = false;
		return;
	}
	taken = rational_min(included, whole(*left));
	*left -= (int64_t) taken.num;
	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_ALLOWANCE, .rule = a->name, .unit = length ? "km" : "min", .note = true,
			.quantity = rational_divide(included, whole(unit)),
			.billed = rational_divide(taken, whole(unit)),
			.rate = whole(0), .factor = whole(1), .exact = whole(0),
	});
}

/*
 * Make the bill of a period; false if an amount is out of range.  The caller provides
 * room for the tariff of the period, which must live as long as the run.
 */
bool
invoice_finish(FareRun *run, Tariff *of_period, const FareTerms *plan,
			   const bool *attribute_results, const PeriodTotals *totals, const PeriodShare *share)
{
	const Period *period = &plan->tariff->period;
	FareTerms	terms = {of_period, plan->clock, NULL, plan->provider};
	int64_t		left[DIMENSION_COUNT] = {[DISTANCE] = totals->mm,[TIME] = totals->us};
	FareBill   *bill = &run->bill;

	make_period_tariff(of_period, plan->tariff);
	fare_begin_quantities(run, &terms, attribute_results);
	add_trips(bill, period, totals);
	add_fee(bill, period, share);
	for (int i = 0; i < period->allowance_count && bill->fits; i++)
		apply_allowance(bill, &period->allowances[i], share,
						&left[period->allowances[i].dimension]);
	return fare_price_quantities(run, left);
}
