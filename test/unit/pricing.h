/*
 * pricing.h
 *		Trips priced without a server: memory, a clock, and tariffs made by hand.
 */
#ifndef TRIPMETER_PRICING_H
#define TRIPMETER_PRICING_H

#include <stdlib.h>
#include <string.h>

#include "billing/fare/fare.h"
#include "tap.h"

#define SECOND		INT64_C(1000000)
#define MINUTE		(60 * SECOND)
#define HOUR		(60 * MINUTE)
#define METRE		INT64_C(1000)
#define KILOMETRE	(1000 * METRE)
#define MILE		INT64_C(1609344)

/* 2019-01-08 00:00, a Tuesday */
#define TUESDAY		(6947 * MICROSECONDS_PER_DAY)

#define MAX_BLOCKS	64

/* What prices trips, with the memory that it was given. */
typedef struct Pricing
{
	FareRun		run;
	Clock		clock;
	Timeline   *timeline;		/* of the tariff; or NULL */
	Provider	provider;
	void	   *blocks[MAX_BLOCKS];
} Pricing;

static inline void *
pricing_resize(void *context, void *old, size_t size)
{
	Pricing    *p = context;
	int			i = 0;

	while (p->blocks[i] != old)
		i++;
	if (size > 0)
		return p->blocks[i] = realloc(old, size);
	free(old);
	return p->blocks[i] = NULL;
}

static inline void
pricing_pause(void)
{
}

static inline void
find_utc(void *context, int64_t instant, ZoneRange *range)
{
	(void) context;
	(void) instant;
	*range = (ZoneRange) {INT64_MIN, INT64_MAX, 0};
}

static inline int
days_of_month(int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			year = month / 12;
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year == 0);

	return days[month % 12] + (month % 12 == 1 && leap);
}

/* The calendar has the same months every 400 years. */
static inline int32_t
next_utc_month(int32_t date)
{
	int32_t		first = (date / 146097 - (date % 146097 < 0)) * 146097;

	for (int month = 0; first <= date; month++)
		first += days_of_month(month);
	return first;
}

static inline void
pricing_init(Pricing *p)
{
	memset(p, 0, sizeof(*p));
	p->provider = (Provider) {p, pricing_resize, pricing_pause};
	clock_init(&p->clock, (Zone) {NULL, find_utc, next_utc_month});
}

static inline void
pricing_free(Pricing *p)
{
	for (int i = 0; i < MAX_BLOCKS; i++)
		free(p->blocks[i]);
}

static inline FareTerms
pricing_terms(Pricing *p, const Tariff *tariff)
{
	return (FareTerms) {tariff, &p->clock, p->timeline, &p->provider};
}

static inline bool
price_trip(Pricing *p, const Tariff *tariff, const Trip *trip, const TripLeg *legs, int leg_count)
{
	FareTerms	terms = pricing_terms(p, tariff);

	fare_begin(&p->run, &terms, trip);
	for (int i = 0; i < leg_count; i++)
		fare_add_leg(&p->run, &legs[i]);
	return fare_finish(&p->run);
}

/* From the begin of the first leg to the end of the last. */
static inline bool
price_legs(Pricing *p, const Tariff *tariff, const TripLeg *legs, int leg_count)
{
	Trip		trip = {.start = legs[0].from, .end = legs[leg_count - 1].to};

	return price_trip(p, tariff, &trip, legs, leg_count);
}

/* Do the lines add up to the fare, each to less than a unit of what it is exactly? */
static inline bool
lines_add_up(FareRun *run)
{
	const FareBill *bill = &run->bill;
	int64_t		sum = 0;

	fare_allocate(run);
	for (int i = 0; i < bill->line_count && bill->fits; i++)
	{
		const BillLine *line = &bill->lines[i];
		Rational	amount = rational_multiply(whole(line->amount), bill->unit);
		Rational	off = rational_subtract(amount, line->exact);

		sum += line->amount;
		if (in_range(off) && (rational_compare(off, bill->unit) >= 0 ||
							  rational_compare(rational_negate(off), bill->unit) >= 0))
			return false;
	}
	return !bill->fits || sum == bill->fare;
}

static inline Rational
decimal(const char *text)
{
	Rational	value = RATIONAL_OUT_OF_RANGE;

	rational_parse(text, (int) strlen(text), &value);
	return value;
}

/* A tariff in euros, without any rule. */
static inline Tariff
plain_tariff(void)
{
	return (Tariff) {
		.currency = "EUR", .currency_digits = 2, .fare_digits = 2, .time_zone = "UTC", .base = whole(0),
		.fare_rounding = {true, rational(1, 100), ROUND_HALF_UP},
	};
}

static inline Rate
plain_rate(Dimension dimension, const char *price, int64_t unit)
{
	return (Rate) {
		.name = tariff_dimension_names[dimension], .dimension = dimension, .price = decimal(price),
		.unit_name = "unit", .unit = whole(unit), .from = whole(0), .free = whole(0),
	};
}

static inline MeterRate
meter_rate(const char *price, int64_t unit)
{
	return (MeterRate) {true, decimal(price), "unit", whole(unit)};
}

#endif							/* TRIPMETER_PRICING_H */
