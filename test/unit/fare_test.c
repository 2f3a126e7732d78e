/*
 * fare_test.c
 *		What published tariffs and billing engines say a trip costs.
 */
#include "pricing.h"

static Pricing pricing;

/* Is the fare of these legs what it should be, and the sum of its lines? */
static void
costs(const Tariff *tariff, const TripLeg *legs, int count, const char *expected, const char *name)
{
	FareRun    *run = &pricing.run;
	bool		fits = price_legs(&pricing, tariff, legs, count);
	Rational	fare = rational_multiply(whole(run->bill.fare), run->bill.unit);

	ok(fits && rational_compare(fare, decimal(expected)) == 0 && lines_add_up(run), "%s: %s", name, expected);
}

/* A trip of one leg, from Tuesday on at so much of the clock. */
static void
trip_costs(const Tariff *tariff, int64_t clock, int64_t mm, int64_t moving, int64_t stopped, const char *expected, const char *name)
{
	TripLeg		leg = {TUESDAY + clock, TUESDAY + clock + moving + stopped, mm, moving, stopped, false};

	costs(tariff, &leg, 1, expected, name);
}

static void
distance_costs(const Tariff *tariff, int64_t mm, const char *expected, const char *name)
{
	trip_costs(tariff, 0, mm, HOUR, 0, expected, name);
}

static void
time_costs(const Tariff *tariff, int64_t time, const char *expected, const char *name)
{
	trip_costs(tariff, 10 * HOUR, 0, time, 0, expected, name);
}

static void
test_meter(void)
{
	Tariff		t = plain_tariff();
	TripLeg		jam[] = {
		{0, MINUTE, 0, 0, MINUTE, false},
		{MINUTE, 2 * MINUTE, KILOMETRE, MINUTE, 0, false},
	};
	TripLeg		together = {0, 2 * MINUTE, KILOMETRE, MINUTE, MINUTE, false};

	t.base = decimal("2.40");
	t.has_meter = true;
	t.meter = (Meter) {
		.distance = meter_rate("1.20", KILOMETRE), .time = meter_rate("0.35", MINUTE), .covers = whole(0),
	};
	for (t.meter.mode = METER_S; t.meter.mode <= METER_K; t.meter.mode++)
		trip_costs(&t, 0, 1166667, 10 * MINUTE, 0, t.meter.mode == METER_S ? "5.90" : "7.30",
				   t.meter.mode == METER_S ? "S, slow" : t.meter.mode == METER_D ? "D, slow" : "K, slow");
	t.meter.mode = METER_S;
	trip_costs(&t, 0, 0, 0, MINUTE, "2.75", "S, at rest");
	t.base = whole(0);
	costs(&t, jam, 2, "1.55", "S, leg by leg");
	costs(&t, &together, 1, "1.20", "S, as one");
	t.fare_rounding.step = rational(1, 1000);
	trip_costs(&t, 0, 480 * METRE, MINUTE, 0, "0.576", "S, fast");
}

static void
test_new_york(void)
{
	Tariff		t = plain_tariff();
	TripLeg		legs[] = {
		{0, 160 * SECOND, MILE, 160 * SECOND, 0, false},
		{160 * SECOND, 400 * SECOND, MILE / 2, 240 * SECOND, 0, false},
	};
	Charge		extras = {.name = "extras", .attribute = -1, .amount = decimal("2.95")};

	t.base = decimal("2.50");
	t.has_meter = true;
	t.meter = (Meter) {
		.mode = METER_S, .distance = meter_rate("0.50", 1), .time = meter_rate("0.50", MINUTE),
		.has_increment = true, .increment = decimal("0.50"), .in_advance = true, .covers = rational(MILE, 5),
	};
	t.meter.distance.unit = rational(MILE, 5);
	costs(&t, legs, 2, "7.00", "New York, 1.50 mi in 400 s");
	t.surcharges = &extras;
	t.surcharge_count = 1;
	costs(&t, legs, 2, "9.95", "with extras");
}

static void
test_intervals(void)
{
	Tariff		t = plain_tariff();
	Rate		rates[] = {plain_rate(TIME, "3", MINUTE), plain_rate(TIME, "0.10", MINUTE)};
	Rate		scooter[] = {plain_rate(DISTANCE, "0.25", KILOMETRE), plain_rate(TIME, "0.50", MINUTE)};
	Rate		parking = plain_rate(TIME, "100", 15 * MINUTE);
	Cap			cap = {.amount = whole(1800), .window = CAP_ROLLING, .length = 12 * HOUR};

	rates[0].once = rates[0].has_to = true;
	rates[0].from = whole(30 * MINUTE);
	rates[0].to = whole(60 * MINUTE);
	rates[1].from = whole(60 * MINUTE);
	rates[1].has_step = true;
	rates[1].step = whole(MINUTE);
	t.base = whole(2);
	t.rates = rates;
	t.rate_count = 2;
	time_costs(&t, 29 * MINUTE, "2.00", "by intervals, 29 min");
	time_costs(&t, 45 * MINUTE, "5.00", "45 min");
	time_costs(&t, 60 * MINUTE + 30 * SECOND, "5.10", "60.5 min");
	time_costs(&t, 75 * MINUTE + 30 * SECOND, "6.60", "75.5 min");

	scooter[0].has_step = scooter[1].has_step = true;
	scooter[0].step = whole(KILOMETRE);
	scooter[1].step = whole(MINUTE);
	t.base = whole(3);
	t.rates = scooter;
	trip_costs(&t, 0, 4200 * METRE, 10 * MINUTE + 30 * SECOND, 0, "9.75", "4.2 km and 10.5 min");

	parking.from = whole(30 * MINUTE);
	parking.has_step = true;
	parking.step = whole(15 * MINUTE);
	t.base = whole(130);
	t.rates = &parking;
	t.rate_count = 1;
	time_costs(&t, 10 * HOUR, "3930", "10 h");
	time_costs(&t, 13 * HOUR, "5130", "13 h");
	t.caps = &cap;
	t.cap_count = 1;
	time_costs(&t, 10 * HOUR, "1800", "10 h, capped");
	time_costs(&t, 13 * HOUR, "2200", "13 h, capped");
}

/* Charging sessions: by the time of day, the step, and kinds of tax. */
static void
test_elements(void)
{
	Tariff		t = plain_tariff();
	Rate		time = plain_rate(TIME, "2.00", HOUR);
	Rate		both[] = {plain_rate(TIME, "1.00", HOUR), plain_rate(STOPPED, "5.00", HOUR)};
	HourWindow	day = {9 * HOUR, 18 * HOUR};
	Condition	working_hours = {.hour_count = 1, .hours = &day, .weekdays = 0x1f};
	TaxRule		taxes[] = {
		{.by_kind = true, .kind = LINE_BASE, .percent = whole(15)},
		{.by_kind = true, .kind = LINE_TIME, .percent = whole(20)},
		{.by_kind = true, .kind = LINE_STOPPED, .percent = whole(10)},
	};

	t.rates = &time;
	t.rate_count = 1;
	time.has_step = true;
	time.step = whole(MINUTE);
	time_costs(&t, 150 * MINUTE, "5.00", "150 min without tax");
	t.has_tax = true;
	t.tax = (Tax) {.percent = whole(10)};
	time_costs(&t, 150 * MINUTE, "5.50", "with tax");
	time.price = decimal("1.90");
	time.step = whole(5 * MINUTE);
	t.tax.percent = decimal("5.2");
	time_costs(&t, 150 * MINUTE, "5.00", "at 1.90 with 5.2 %");

	both[1].has_step = true;
	both[1].step = whole(15 * MINUTE);
	both[1].when = &working_hours;
	t.base = decimal("2.50");
	t.rates = both;
	t.rate_count = 2;
	t.tax = (Tax) {.percent = whole(0), .rules = taxes, .rule_count = 3};
	trip_costs(&t, 10 * HOUR, 0, 123 * MINUTE, 42 * MINUTE, "10.30", "three percents of tax");
	t.has_tax = false;
	trip_costs(&t, 10 * HOUR, 0, 123 * MINUTE, 42 * MINUTE, "9.00", "without");
}

static void
test_windows(void)
{
	Tariff		t = plain_tariff();
	Rate		rates[] = {plain_rate(TIME, "1.20", HOUR), plain_rate(TIME, "2.40", HOUR)};
	HourWindow	hours[] = {{10 * HOUR, 17 * HOUR}, {17 * HOUR, 20 * HOUR}};
	Condition	conditions[] = {{.hour_count = 1, .hours = &hours[0]}, {.hour_count = 1, .hours = &hours[1]}};

	for (int i = 0; i < 2; i++)
	{
		rates[i].has_step = true;
		rates[i].step = whole((i == 0 ? 30 : 15) * MINUTE);
		rates[i].when = &conditions[i];
	}
	t.select_first[TIME] = true;
	t.rates = rates;
	t.rate_count = 2;
	trip_costs(&t, 16 * HOUR + 35 * MINUTE, 0, 35 * MINUTE, 0, "1.30", "16:35, 35 min, to the step of the last");
}

static void
test_limits(void)
{
	Tariff		t = plain_tariff();

	t.base = decimal("0.30");
	t.has_minimum = true;
	t.minimum = decimal("0.50");
	distance_costs(&t, 0, "0.50", "a minimum");
	t.has_minimum = false;
	t.has_maximum = true;
	t.maximum = whole(10);
	t.base = whole(13);
	distance_costs(&t, 0, "10", "a maximum");
	t.base = whole(8);
	distance_costs(&t, 0, "8", "that is not reached");
}

static Tier
tier(const char *to, const char *price, const char *flat)
{
	return (Tier) {to != NULL, to != NULL ? decimal(to) : whole(0), decimal(price), decimal(flat)};
}

static void
tiers_cost(TierMode mode, Tier *tiers, int count, int64_t mm, const char *expected, const char *name)
{
	Tariff		t = plain_tariff();
	Rate		rate = plain_rate(DISTANCE, "0", METRE);

	rate.tier_mode = mode;
	rate.tiers = tiers;
	rate.tier_count = count;
	t.rates = &rate;
	t.rate_count = 1;
	distance_costs(&t, mm, expected, name);
}

static void
test_tiers(void)
{
	Tier		graduated[] = {tier("10", "10", "2"), tier("20", "5", "3"), tier(NULL, "5", "3")};
	Tier		fine[] = {tier("0.1", "10", "0"), tier("1", "5", "0"), tier(NULL, "2", "0")};
	Tier		volume[] = {tier("5", "0", "100"), tier("10", "0", "150"), tier("15", "10", "0"), tier(NULL, "5", "0")};
	static const struct
	{
		int			units;
		const char *graduated;
	}			steps[] = {{0, "2"}, {1, "12"}, {10, "102"}, {11, "110"}, {12, "115"}, {21, "163"}};
	static const struct
	{
		int			units;
		const char *volume;
	}			volumes[] = {{3, "100"}, {14, "140"}, {15, "150"}, {16, "80"}, {100, "500"}};

	for (int i = 0; i < 6; i++)
		tiers_cost(GRADUATED, graduated, 3, steps[i].units * METRE, steps[i].graduated, "graduated");
	tiers_cost(GRADUATED, fine, 3, 50, "0.5", "graduated, 0.05");
	tiers_cost(GRADUATED, fine, 3, 500, "3.0", "graduated, 0.5");
	for (int i = 0; i < 5; i++)
		tiers_cost(VOLUME, volume, 4, volumes[i].units * METRE, volumes[i].volume, "volume");
}

static void
test_packages(void)
{
	Tariff		t = plain_tariff();
	Tier		package = tier(NULL, "15", "0");
	Rate		rate = plain_rate(DISTANCE, "0", 10 * METRE);
	Rate		converted = plain_rate(DISTANCE, "10", 1000);
	Trip		trip = {.start = 0, .end = HOUR, .used = {17 * METRE}};
	TripLeg		leg = {0, HOUR, 5 * METRE, HOUR, 0, false};

	rate.tier_mode = PACKAGE;
	rate.tiers = &package;
	rate.tier_count = 1;
	t.rates = &rate;
	t.rate_count = 1;
	distance_costs(&t, 10 * METRE, "15", "a package");
	distance_costs(&t, 5 * METRE, "15", "a begun one");
	rate.per_rental = true;
	ok(price_trip(&pricing, &t, &trip, &leg, 1) && pricing.run.bill.fare == 1500, "17 used, and 5 more: 15");
	converted.has_step = true;
	converted.step = whole(1000);
	t.rates = &converted;
	distance_costs(&t, 1400, "20", "rounded up to a unit");
}

/* The amounts of the lines, as it is given out by unit. */
static void
lines_cost(const Tariff *tariff, const int *amounts, int count, const char *name)
{
	TripLeg		leg = {0, HOUR, METRE, HOUR, 0, false};
	bool		right = price_legs(&pricing, tariff, &leg, 1) && lines_add_up(&pricing.run) &&
		pricing.run.bill.line_count == count;

	for (int i = 0; i < count && right; i++)
		right = pricing.run.bill.lines[i].amount == amounts[i];
	ok(right, "%s", name);
}

static void
test_remainders(void)
{
	Tariff		t = plain_tariff();
	Rate		rates[] = {plain_rate(DISTANCE, "1", METRE), plain_rate(DISTANCE, "1", METRE), plain_rate(DISTANCE, "1", METRE)};

	t.rates = rates;
	t.rate_count = 3;
	for (int i = 0; i < 3; i++)
		rates[i].price = rational(5, 300);
	lines_cost(&t, (const int[]) {2, 2, 1}, 3, "0.05 by 1:1:1");
	t.rate_count = 2;
	rates[0].price = rational(10, 3);
	rates[1].price = rational(5, 3);
	lines_cost(&t, (const int[]) {333, 167}, 2, "5.00 by 10:5");
	t.rate_count = 3;
	t.currency_digits = t.fare_digits = 0;
	t.fare_rounding.step = whole(1);
	for (int i = 0; i < 3; i++)
		rates[i].price = rational(5, 3);
	lines_cost(&t, (const int[]) {2, 2, 1}, 3, "5 JPY by 1:1:1");
}

static void
test_rounding(void)
{
	Tariff		t = plain_tariff();
	Rate		rate = plain_rate(DISTANCE, "348.35", METRE);
	Charge		discount = {.name = "discount", .is_percent = true, .attribute = -1, .amount = whole(4)};

	t.rates = &rate;
	t.rate_count = 1;
	t.discounts = &discount;
	t.discount_count = 1;
	t.has_tax = true;
	t.tax = (Tax) {.percent = whole(22)};
	distance_costs(&t, 16 * METRE, "6527.80", "348.35 x 16, rounded on the total");
	t.line_rounding = (Rounding) {true, rational(1, 100), ROUND_HALF_UP};
	distance_costs(&t, 16 * METRE, "6527.81", "by line");

	t = plain_tariff();
	t.base = decimal("1.075");
	t.fare_rounding.step = decimal("0.005");
	t.cash_rounding = (Rounding) {true, decimal("0.05"), ROUND_HALF_DOWN};
	distance_costs(&t, 0, "1.05", "cash, half down");
	t.cash_rounding.mode = ROUND_HALF_UP;
	distance_costs(&t, 0, "1.10", "cash, half up");
}

static void
test_stacking(void)
{
	Tariff		t = plain_tariff();
	Multiplier	night[] = {
		{.name = "night", .group = 0, .factor = decimal("1.2"), .to = 1u << MULTIPLIES_BASE},
		{.name = "late", .group = 0, .factor = decimal("1.4"), .to = 1u << MULTIPLIES_BASE},
	};

	t.base = whole(1000);
	t.multipliers = night;
	t.multiplier_count = 2;
	t.group_count = 1;
	distance_costs(&t, 0, "1600", "20 % and 40 % make 60 %");
	night[1].group = 1;
	t.group_count = 2;
	distance_costs(&t, 0, "1680", "groups multiply");
	t.multiplier_count = 0;
	t.fare_rounding.step = whole(100);
	t.base = whole(4040);
	distance_costs(&t, 0, "4000", "rounded to 100");
	t.base = whole(4050);
	distance_costs(&t, 0, "4100", "half up");
}

int
main(void)
{
	pricing_init(&pricing);
	test_meter();
	test_new_york();
	test_intervals();
	test_elements();
	test_windows();
	test_limits();
	test_tiers();
	test_packages();
	test_remainders();
	test_rounding();
	test_stacking();
	pricing_free(&pricing);
	return done_testing();
}
