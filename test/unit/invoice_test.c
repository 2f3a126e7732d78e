/*
 * invoice_test.c
 *		Bills of random plans, against the same steps in fractions, one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/invoice/invoice.h"
#include "tap.h"

#define PLANS		20000

static void *
resize(void *context, void *old, size_t size)
{
	(void) context;
	if (size > 0)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void
do_not_pause(void)
{
}

static void
find_range(void *context, int64_t instant, ZoneRange *range)
{
	(void) context;
	(void) instant;
	*range = (ZoneRange) {INT64_MIN, INT64_MAX, 0};
}

static const Provider provider = {NULL, resize, do_not_pause};

/* A plan with room for what it points to. */
typedef struct Sample
{
	Tariff		plan;
	Allowance	allowances[3];
	Rate		rates[2];
	Charge		discounts[2];
	PeriodTotals totals;
	PeriodShare share;
} Sample;

static Rational
random_cents(int most)
{
	return rational(random_below(most), 100);
}

static void
random_rules(Sample *s)
{
	Period	   *period = &s->plan.period;

	period->allowances = s->allowances;
	period->allowance_count = random_below(4);
	for (int i = 0; i < period->allowance_count; i++)
	{
		Dimension	dimension = random_below(2) ? DISTANCE : TIME;

		s->allowances[i] = (Allowance) {"included", dimension, whole(random_below(50000000)), random_below(2), random_below(2)};
	}
	period->rates = s->rates;
	period->rate_count = random_below(3);
	for (int i = 0; i < period->rate_count; i++)
		s->rates[i] = (Rate) {
			.name = "rate", .dimension = i == 0 ? DISTANCE : TIME, .price = random_cents(500), .unit_name = "unit",
				.unit = whole(1 + random_below(2000000)), .from = whole(0), .free = whole(0),
		};
	period->discounts = s->discounts;
	period->discount_count = random_below(3);
	for (int i = 0; i < period->discount_count; i++)
		s->discounts[i] = (Charge) {"less", random_below(2), -1, random_cents(10000), NULL};
}

static void
random_sample(Sample *s)
{
	Tariff	   *plan = &s->plan;
	Period	   *period = &plan->period;

	memset(s, 0, sizeof(Sample));
	memcpy(plan->currency, "EUR", 4);
	plan->fare_rounding = (Rounding) {true, rational(1, 100), (RoundingMode) random_below(ROUND_DOWN + 1)};
	plan->currency_digits = 2;
	period->given = true;
	period->fee = random_cents(10000);
	period->fee_pooled = random_below(2);
	period->fee_prorated = random_below(2);
	period->has_daily_cap = random_below(2);
	period->has_minimum = random_below(3) == 0;
	period->minimum = random_cents(30000);
	period->has_maximum = random_below(3) == 0;
	period->maximum = rational_add(period->minimum, random_cents(30000));
	plan->has_tax = random_below(2);
	plan->tax.percent = random_cents(3000);
	random_rules(s);
	s->totals = (PeriodTotals) {random_below(100), random_below(100000000), random_below(100000000), random_bits() >> 24, 0};
	if (period->has_daily_cap)
		s->totals.over_cap = s->totals.amount / 3;
	s->share = (PeriodShare) {random_below(20), random_below(32), 31};
}

static Rational
shared(const Sample *s, Rational amount, bool pooled, bool prorated)
{
	if (pooled)
		amount = rational_multiply(amount, whole(s->share.members));
	if (prorated)
		amount = rational_multiply(amount, rational(s->share.days, s->share.period_days));
	return amount;
}

/* What the rates charge for what the allowances leave. */
static Rational
usage_of(const Sample *s)
{
	const Period *period = &s->plan.period;
	Rational	left[] = {[DISTANCE] = whole(s->totals.mm),[TIME] = whole(s->totals.us)};
	Rational	sum = whole(0);

	for (int i = 0; i < period->allowance_count; i++)
	{
		const Allowance *a = &period->allowances[i];
		Rational	included = rational_round(shared(s, a->included, a->pooled, a->prorated), whole(1), ROUND_HALF_UP);

		left[a->dimension] = rational_max(rational_subtract(left[a->dimension], included), whole(0));
	}
	for (int i = 0; i < period->rate_count; i++)
	{
		const Rate *r = &period->rates[i];

		sum = rational_add(sum, rational_multiply(rational_divide(left[r->dimension], r->unit), r->price));
	}
	return sum;
}

static Rational
owed_of(const Sample *s)
{
	const Period *period = &s->plan.period;
	Rational	owed = {s->totals.amount - s->totals.over_cap, AMOUNT_PARTS};

	owed = rational_add(owed, shared(s, period->fee, period->fee_pooled, period->fee_prorated));
	owed = rational_add(owed, usage_of(s));
	if (period->has_minimum)
		owed = rational_max(owed, period->minimum);
	if (period->has_maximum)
		owed = rational_min(owed, period->maximum);
	for (int i = 0; i < period->discount_count; i++)
	{
		const Charge *c = &period->discounts[i];

		owed = rational_subtract(owed, c->is_percent ?
								 rational_multiply(owed, rational_divide(c->amount, whole(100))) :
								 rational_min(c->amount, owed));
	}
	if (s->plan.has_tax)
		owed = rational_multiply(owed, rational_add(whole(1), rational_divide(s->plan.tax.percent, whole(100))));
	return rational_round(owed, s->plan.fare_rounding.step, s->plan.fare_rounding.mode);
}

static int64_t
sum_of_lines(const FareBill *bill)
{
	int64_t		sum = 0;

	for (int i = 0; i < bill->line_count; i++)
		sum += bill->lines[i].amount;
	return sum;
}

static void
check_plans(FareRun *run, Clock *clock)
{
	static Sample s;
	FareTerms	terms = {&s.plan, clock, NULL, &provider};
	Tariff		of_period;
	int			refused = 0;
	int			wrong = 0;
	int			apart = 0;

	for (int i = 0; i < PLANS; i++)
	{
		random_sample(&s);
		if (!invoice_finish(run, &of_period, &terms, NULL, &s.totals, &s.share))
		{
			refused++;
			continue;
		}
		wrong += rational_compare(rational(run->bill.fare, 100), owed_of(&s)) != 0;
		fare_allocate(run);
		apart += !run->bill.fits || sum_of_lines(&run->bill) != run->bill.fare;
	}
	ok(refused == 0, "amounts of plans are in range");
	ok(wrong == 0, "an invoice is what its steps come to: %d are not", wrong);
	ok(apart == 0, "and what its lines add up to: %d are not", apart);
}

static void
check_range(FareRun *run, Clock *clock)
{
	static Sample s;
	FareTerms	terms = {&s.plan, clock, NULL, &provider};
	Tariff		of_period;
	PeriodTotals totals = {1, 1, 1, 1, 0};

	random_sample(&s);
	s.totals.over_cap = 0;
	s.totals.amount = (Int128) MAX_TRIP_AMOUNT * AMOUNT_PARTS * 16;
	s.plan.period.has_maximum = false;
	ok(!invoice_finish(run, &of_period, &terms, NULL, &s.totals, &s.share), "an invoice of more cents than there are");
	ok(period_totals_add(&totals, &(PeriodTotals) {.mm = INT64_MAX - 1}) == NULL && totals.mm == INT64_MAX, "the longest distance");
	ok(strcmp(period_totals_add(&totals, &(PeriodTotals) {.mm = 1}), "distance") == 0, "and one that is longer");
	totals = (PeriodTotals) {.us = INT64_MAX};
	ok(strcmp(period_totals_add(&totals, &(PeriodTotals) {.us = 1}), "duration") == 0, "a time that is longer");
	totals = (PeriodTotals) {.amount = (Int128) (~(UInt128) 0 >> 1)};
	ok(strcmp(period_totals_add(&totals, &(PeriodTotals) {.amount = 1}), "amount") == 0, "more money");
}

int
main(void)
{
	static FareRun run;
	Clock		clock;

	clock_init(&clock, (Zone) {NULL, find_range, NULL});
	check_plans(&run, &clock);
	check_range(&run, &clock);
	free(run.bill.lines);
	free(run.pieces.items);
	free(run.rates.parts);
	free(run.edges.instants.instants);
	free(run.rates.states);
	free(run.rates.candidates);
	free(run.rates.positions);
	return done_testing();
}
