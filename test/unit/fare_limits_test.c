/*
 * fare_limits_test.c
 *		Trips and tariffs of any size: the fare is exact, or said to be out of range.
 */
#include "pricing.h"

#define GIANTS		20000
#define HOSTILES	40000
#define SAMPLES		300

/* The last instant of timestamps, and the first. */
#define LAST_INSTANT	(INT64_C(9223371331200000000) - 1)
#define FIRST_INSTANT	(-INT64_C(211813488000000000))

static Pricing pricing;

static bool
out_of_range(const Tariff *tariff, int64_t mm, int64_t time)
{
	TripLeg		leg = {TUESDAY, TUESDAY + time, mm, time, 0, false};

	return !price_legs(&pricing, tariff, &leg, 1);
}

static int64_t
digits_at_random(int most)
{
	int64_t		limit = 1;

	for (int i = random_below(most + 1); i > 0; i--)
		limit *= 10;
	return (int64_t) (random_bits() % (uint64_t) limit);
}

/* A price by a quantity: in cents, half up, by plain integers. */
static void
test_giants(void)
{
	int			wrong = 0;
	int			fits = 0;

	for (int i = 0; i < GIANTS; i++)
	{
		Tariff		t = plain_tariff();
		int64_t		price = digits_at_random(18);
		int64_t		mm = digits_at_random(15);
		int64_t		unit = 1 + digits_at_random(7);
		Rate		rate = plain_rate(DISTANCE, "0", unit);
		/* in hundredths of a cent, so that the price has 4 places */
		Int128		exact = ((Int128) price * mm / unit + 50) / 100;
		bool		is_out;

		rate.price = rational(price, 10000);
		t.rates = &rate;
		t.rate_count = 1;
		is_out = out_of_range(&t, mm, HOUR);
		fits += !is_out;
		wrong += is_out ? exact <= INT64_MAX / 4 : exact != pricing.run.bill.fare || !lines_add_up(&pricing.run);
	}
	ok(wrong == 0, "a price by a quantity is exact, or out of range: %d are not", wrong);
	ok(fits > GIANTS / 2 && fits < GIANTS, "%d of %d are exact", fits, GIANTS);
}

static void
test_limits(void)
{
	Tariff		t = plain_tariff();
	Multiplier	multipliers[MAX_MULTIPLIERS];

	t.base = whole(INT64_MAX / 400);
	ok(!out_of_range(&t, 0, 0) && pricing.run.bill.fare == INT64_MAX / 400 * 100, "the largest fare");
	t.base = whole(INT64_MAX / 400 + 1);
	ok(out_of_range(&t, 0, 0), "one that is larger");

	t.base = whole(1);
	for (int i = 0; i < MAX_MULTIPLIERS; i++)
		multipliers[i] = (Multiplier) {.name = "m", .group = i, .factor = decimal("10"), .to = 1u << MULTIPLIES_BASE};
	t.multipliers = multipliers;
	t.multiplier_count = t.group_count = 16;
	ok(!out_of_range(&t, 0, 0) && pricing.run.bill.fare == INT64_C(1000000000000000000), "sixteen factors of 10");
	t.multiplier_count = t.group_count = MAX_MULTIPLIERS;
	ok(out_of_range(&t, 0, 0), "thirty-two");
	for (int i = 0; i < MAX_MULTIPLIERS; i++)
		multipliers[i].factor = decimal("0.000000001");
	ok(out_of_range(&t, 0, 0), "a product that is too small");
}

/* Where a comparison, not a sum, is with what does not fit. */
static void
test_comparisons(void)
{
	Tariff		t = plain_tariff();
	Rate		rates[] = {plain_rate(DISTANCE, "0.000000001", 1), plain_rate(TIME, "1", HOUR)};
	Tier		tiers[] = {
		{.has_to = true, .to = decimal("999999999999999999"), .price = whole(1), .flat = whole(0)},
		{.to = whole(0), .price = whole(1), .flat = whole(0)},
	};
	Condition	later = {.has_elapsed = true, .elapsed_from = HOUR, .elapsed_to = INT64_MAX};
	Multiplier	factors[4];

	/* a total in fractions of some 30 digits */
	rates[0].unit = (Rational) {(Int128) 999999999999999999 * 1143, 1250000000};
	t.rates = rates;
	t.rate_count = 1;
	ok(!out_of_range(&t, 11, HOUR) && pricing.run.bill.fare == 0, "a total of many digits");
	t.has_minimum = true;
	t.minimum = whole(INT64_C(999999999999999999));
	ok(out_of_range(&t, 11, HOUR), "whose distance to the minimum does not fit");
	t.has_minimum = false;
	t.has_maximum = true;
	t.maximum = whole(INT64_C(999999999999999999));
	ok(!out_of_range(&t, 11, HOUR) && pricing.run.bill.fare == 0, "and which is not above a maximum that is as far");

	t = plain_tariff();
	rates[0].tiers = tiers;
	rates[0].tier_count = 2;
	t.rates = rates;
	t.rate_count = 1;
	for (TierMode mode = GRADUATED; mode <= VOLUME; mode++)
	{
		rates[0].tier_mode = mode;
		ok(out_of_range(&t, KILOMETRE, HOUR), "the bound of a tier, mode %d", mode);
	}

	for (int i = 0; i < 4; i++)
		factors[i] = (Multiplier) {.name = "m", .group = i, .factor = decimal("999999999999999999"), .to = UINT32_MAX, .when = &later};
	t.rates = &rates[1];
	t.multipliers = factors;
	t.multiplier_count = t.group_count = 4;
	ok(!out_of_range(&t, 0, HOUR) && pricing.run.bill.fare == 100, "an hour before factors begin");
	ok(out_of_range(&t, 0, 2 * HOUR), "an hour more");
}

static void
test_bounds(void)
{
	Tariff		t = plain_tariff();
	Condition	later = {.has_elapsed = true, .elapsed_from = HOUR, .elapsed_to = INT64_MAX};
	Multiplier	factors[4];
	Trip		trip = {.start = 0, .end = 2 * HOUR};
	TripLeg		leg = {0, 2 * HOUR, KILOMETRE, 0, 0, false};
	FareTerms	terms = pricing_terms(&pricing, &t);

	t.has_meter = true;
	t.meter = (Meter) {
		.mode = METER_S, .distance = meter_rate("1", KILOMETRE), .time = meter_rate("1", HOUR), .covers = whole(0),
	};
	for (int i = 0; i < 4; i++)
		factors[i] = (Multiplier) {.name = "m", .group = i, .factor = decimal("999999999999999999"), .to = UINT32_MAX, .when = &later};
	t.multipliers = factors;
	t.multiplier_count = t.group_count = 4;
	fare_begin(&pricing.run, &terms, &trip);
	pricing.run.meter.knowledge = METER_HIGH;
	fare_add_leg(&pricing.run, &leg);
	ok(!fare_finish(&pricing.run), "the high bound of a meter is not that of the part that fits");
}

/* No document has them, but a unit that has become 0 must not be divided by. */
static void
test_zeros(void)
{
	Tier		any = {.price = whole(1), .flat = whole(0)};
	Tariff		t = plain_tariff();
	Rate		rate = plain_rate(DISTANCE, "1", 0);

	t.rates = &rate;
	t.rate_count = 1;
	ok(out_of_range(&t, KILOMETRE, HOUR), "a unit of 0");
	rate.tiers = &any;
	rate.tier_count = 1;
	for (rate.tier_mode = GRADUATED; rate.tier_mode <= PACKAGE; rate.tier_mode++)
		ok(out_of_range(&t, KILOMETRE, HOUR), "a unit of 0 of tiers, mode %d", rate.tier_mode);
	rate = plain_rate(DISTANCE, "1", KILOMETRE);
	rate.has_step = true;
	rate.step = whole(0);
	for (rate.step_rounding = STEP_UP; rate.step_rounding <= STEP_NEAREST; rate.step_rounding++)
		ok(out_of_range(&t, KILOMETRE, HOUR), "a step of 0, rounding %d", rate.step_rounding);

	t = plain_tariff();
	t.has_meter = true;
	t.meter = (Meter) {.mode = METER_D, .distance = meter_rate("1", KILOMETRE), .covers = whole(0), .has_increment = true, .increment = whole(0)};
	ok(out_of_range(&t, KILOMETRE, HOUR), "an increment of 0");
	t.meter.has_increment = false;
	t.meter.distance.unit = whole(0);
	ok(out_of_range(&t, KILOMETRE, HOUR), "a unit of 0 of a meter");
	t.meter.mode = METER_S;
	t.meter.distance = meter_rate("0", KILOMETRE);
	t.meter.time = meter_rate("1", HOUR);
	ok(out_of_range(&t, KILOMETRE, HOUR), "a meter without a cross-over");
}

/* At both ends of time, a century long. */
static void
test_instants(void)
{
	Tariff		t = plain_tariff();
	Rate		rates[] = {plain_rate(TIME, "1", HOUR), plain_rate(RESERVED, "1", HOUR)};
	HourWindow	night = {22 * HOUR, 30 * HOUR};
	Condition	conditions[] = {
		{.hour_count = 1, .hours = &night, .weekdays = 0x55, .date_of_instant = true},
		{.has_elapsed = true, .elapsed_from = MAX_TRIP_MICROSECONDS, .elapsed_to = INT64_MAX},
	};
	Cap			caps[] = {
		{.amount = whole(1), .window = CAP_ROLLING, .length = MAX_TRIP_MICROSECONDS},
		{.amount = whole(1), .window = CAP_DAY}, {.amount = whole(1), .window = CAP_WEEK}, {.amount = whole(1), .window = CAP_MONTH},
	};
	Trip		trips[] = {
		{.start = FIRST_INSTANT, .end = FIRST_INSTANT + HOUR, .reserved = MICROSECONDS_PER_DAY},
		{.start = LAST_INSTANT - HOUR, .end = LAST_INSTANT, .reserved = MICROSECONDS_PER_DAY},
		{.start = LAST_INSTANT, .end = LAST_INSTANT},
		{.start = FIRST_INSTANT, .end = FIRST_INSTANT, .reserved = MAX_TRIP_MICROSECONDS},
	};
	static const int fares[] = {100, 100, 0, 0};
	int			wrong = 0;

	t.rates = rates;
	t.rate_count = 1;
	t.caps = caps;
	t.cap_count = 4;
	for (int when = 0; when < 3; when++)
	{
		rates[1].when = when < 2 ? &conditions[when] : NULL;
		rates[0].when = when == 1 ? &conditions[when] : NULL;
		t.rate_count = when == 2 ? 1 : 2;
		for (int i = 0; i < 4; i++)
		{
			TripLeg		leg = {trips[i].start, trips[i].end, MAX_TRIP_MILLIMETRES, trips[i].end - trips[i].start, 0, false};
			bool		fits = price_trip(&pricing, &t, &trips[i], &leg, 1) && lines_add_up(&pricing.run);

			wrong += !fits || (when == 2 && pricing.run.bill.fare != fares[i]);
		}
	}
	ok(wrong == 0, "trips at both ends of time: %d wrong", wrong);
}

/* A cap of a cent for each second of a day, and one of each kind above it. */
static void
test_cells(void)
{
	Tariff		t = plain_tariff();
	Rate		rate = plain_rate(TIME, "1", SECOND);
	Cap			caps[MAX_CAPS];
	TripLeg		leg = {TUESDAY, TUESDAY + MICROSECONDS_PER_DAY, 0, MICROSECONDS_PER_DAY, 0, false};

	for (int i = 0; i < MAX_CAPS; i++)
		caps[i] = (Cap) {.amount = whole(1000), .window = CAP_ROLLING, .length = HOUR + i * MINUTE};
	caps[0] = (Cap) {.amount = decimal("0.01"), .window = CAP_ROLLING, .length = SECOND};
	caps[1].window = CAP_DAY;
	caps[2].window = CAP_WEEK;
	caps[3].window = CAP_MONTH;
	t.rates = &rate;
	t.rate_count = 1;
	t.caps = caps;
	t.cap_count = MAX_CAPS;
	ok(price_legs(&pricing, &t, &leg, 1) && pricing.run.bill.fare == 86400 && pricing.run.pieces.cell_count == 86400,
	   "a cap for each second: 864.00");
}

static void
test_rates(void)
{
	Tariff		t = plain_tariff();
	static Rate rates[MAX_TARIFF_RULES];
	TripLeg		leg = {0, HOUR, KILOMETRE, HOUR, 0, false};

	for (int i = 0; i < MAX_TARIFF_RULES; i++)
	{
		rates[i] = plain_rate(DISTANCE, "1", METRE);
		rates[i].from = whole(i * METRE);
		rates[i].has_to = true;
		rates[i].to = whole((i + 1) * METRE);
	}
	t.rates = rates;
	t.rate_count = MAX_TARIFF_RULES;
	ok(price_legs(&pricing, &t, &leg, 1) && pricing.run.bill.fare == 100000 && lines_add_up(&pricing.run), "a thousand rates");
	t.select_first[DISTANCE] = true;
	ok(price_legs(&pricing, &t, &leg, 1) && pricing.run.bill.fare == 100000 && lines_add_up(&pricing.run), "of which the first is taken");
	/* fractions of a thousand units that have little in common */
	for (int i = 0; i < MAX_TARIFF_RULES; i++)
		rates[i].unit = whole(1000003 + 2 * i);
	ok(!price_legs(&pricing, &t, &leg, 1), "a sum of fractions without a denominator that fits");
}

/* A tariff that is all kinds of numbers at random, which no document would have. */
typedef struct Hostile
{
	Tariff		tariff;
	Rate		rates[4];
	Tier		tiers[4][3];
	Condition	conditions[8];
	HourWindow	hours[8];
	Multiplier	multipliers[4];
	Charge		charges[3];
	Cap			caps[3];
	TaxRule		tax_rule;
} Hostile;

static Rational
hostile_number(bool negative)
{
	static const int64_t numbers[] = {0, 1, 2, 3, 7, 60000000, 1609344, INT32_MAX, INT64_C(999999999999999999), INT64_C(999999999999999989), INT64_MAX};
	int64_t		num = numbers[random_below(11)];
	int64_t		den = random_below(2) ? 1 : numbers[1 + random_below(10)];

	if (random_below(3) == 0)
		num = digits_at_random(18);
	return rational(negative && random_below(2) ? -num : num, den);
}

static Condition *
hostile_condition(Hostile *h, int number)
{
	Condition  *c = &h->conditions[number];

	if (random_below(2))
		return NULL;
	*c = (Condition) {.evaluate = random_below(3), .hour_count = random_below(2), .hours = &h->hours[number]};
	h->hours[number] = (HourWindow) {random_below(24) * HOUR, (24 + random_below(24)) * HOUR};
	c->weekdays = random_below(2) ? random_below(128) : 0;
	c->has_elapsed = random_below(2);
	c->elapsed_from = digits_at_random(14);
	c->elapsed_to = random_below(2) ? INT64_MAX : c->elapsed_from + 1 + digits_at_random(14);
	return c;
}

static void
hostile_rate(Hostile *h, int number)
{
	Rate	   *rate = &h->rates[number];
	Rational	above = whole(0);

	*rate = (Rate) {
		.name = "rate", .dimension = random_below(DIMENSION_COUNT), .once = random_below(6) == 0, .price = hostile_number(false),
		.unit_name = "unit", .unit = hostile_number(false), .tier_mode = random_below(4), .tier_count = 3, .tiers = h->tiers[number],
		.from = random_below(2) ? whole(0) : hostile_number(false), .has_to = random_below(3) == 0, .to = hostile_number(false),
		.has_step = random_below(3) == 0, .step = hostile_number(false), .step_rounding = random_below(3),
		.free = random_below(2) ? whole(0) : hostile_number(false), .when = hostile_condition(h, number),
	};
	rate->per_rental = rate->tier_mode != VOLUME && random_below(4) == 0;
	for (int i = 0; i < 3; i++)
	{
		above = rational_add(above, hostile_number(false));
		rate->tiers[i] = (Tier) {i < 2, above, hostile_number(false), hostile_number(false)};
	}
	/* of parts of a step there would be more than can be walked through */
	if (rate->has_step && rational_compare(rate->step, whole(1000)) < 0)
		rate->step = whole(random_below(2) * KILOMETRE);
}

static Rounding
hostile_rounding(void)
{
	static const int64_t steps[] = {1, 2, 5, 10, 100, 1000};

	return (Rounding) {true, rational(steps[random_below(6)], 100), random_below(5)};
}

static void
make_hostile(Hostile *h)
{
	Tariff	   *t = &h->tariff;

	*t = plain_tariff();
	t->fare_rounding = hostile_rounding();
	t->line_rounding = hostile_rounding();
	t->line_rounding.given = random_below(4) == 0;
	t->cash_rounding = hostile_rounding();
	t->cash_rounding.given = random_below(4) == 0;
	t->base = hostile_number(false);
	t->rates = h->rates;
	t->rate_count = random_below(5);
	for (int i = 0; i < t->rate_count; i++)
		hostile_rate(h, i);
	for (int d = 0; d < DIMENSION_COUNT; d++)
		t->select_first[d] = random_below(3) == 0;
	t->has_meter = random_below(3) == 0;
	t->meter = (Meter) {
		random_below(3), {true, hostile_number(false), "unit", hostile_number(false)}, {true, hostile_number(false), "unit", hostile_number(false)},
		random_below(2), hostile_number(false), random_below(2), hostile_number(false), random_below(2), random_below(2),
		hostile_number(false), random_below(4),
	};
	t->multipliers = h->multipliers;
	t->multiplier_count = random_below(5);
	t->group_count = 2;
	for (int i = 0; i < t->multiplier_count; i++)
		h->multipliers[i] = (Multiplier) {"multiplier", random_below(2), hostile_number(false), random_below(128), hostile_condition(h, 4 + i)};
	for (int i = 0; i < 3; i++)
		h->charges[i] = (Charge) {"charge", i == 2 && random_below(2), -1, hostile_number(i == 1), NULL};
	t->flat_fares = &h->charges[0];
	t->flat_fare_count = random_below(6) == 0;
	t->surcharges = &h->charges[1];
	t->surcharge_count = random_below(2);
	t->discounts = &h->charges[2];
	t->discount_count = random_below(3) == 0;
	t->has_minimum = random_below(3) == 0;
	t->minimum = hostile_number(false);
	t->has_maximum = random_below(3) == 0;
	t->maximum = hostile_number(false);
	t->caps = h->caps;
	t->cap_count = random_below(4);
	for (int i = 0; i < t->cap_count; i++)
		h->caps[i] = (Cap) {hostile_number(false), random_below(4), HOUR + digits_at_random(15)};
	t->has_tax = random_below(3) == 0;
	h->tax_rule = (TaxRule) {true, random_below(LINE_TAX), "", hostile_number(false)};
	t->tax = (Tax) {hostile_number(false), random_below(2), 1, &h->tax_rule};
}

static void
test_hostiles(void)
{
	static Hostile h;
	int			fits = 0;
	int			wrong = 0;

	for (int n = 0; n < HOSTILES; n++)
	{
		TripLeg		legs[3];
		Trip		trip = {.start = TUESDAY + digits_at_random(16), .used = {digits_at_random(15), digits_at_random(15)}};
		int64_t		at = trip.start;

		memset(&h, 0, sizeof(h));
		make_hostile(&h);
		for (int i = 0; i < 3; i++)
		{
			int64_t		time = digits_at_random(12);
			int64_t		moving = time > 0 ? (int64_t) (random_bits() % (uint64_t) time) : 0;

			legs[i] = (TripLeg) {at, at + time, digits_at_random(15) / 3, moving, time - moving, random_below(4) == 0};
			at += time;
		}
		trip.end = at;
		trip.reserved = random_below(2) ? 0 : digits_at_random(12);
		if (!price_trip(&pricing, &h.tariff, &trip, legs, 3))
			continue;
		fits++;
		wrong += !lines_add_up(&pricing.run);
	}
	ok(wrong == 0, "lines add up to fares of any size: %d do not", wrong);
	ok(fits > HOSTILES / 20 && fits < HOSTILES * 19 / 20, "%d of %d fares fit", fits, HOSTILES);
}

int
main(void)
{
	pricing_init(&pricing);
	test_giants();
	test_limits();
	test_comparisons();
	test_bounds();
	test_zeros();
	test_instants();
	test_cells();
	test_rates();
	test_hostiles();
	pricing_free(&pricing);
	return done_testing();
}
