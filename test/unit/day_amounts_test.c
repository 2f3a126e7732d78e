/*
 * day_amounts_test.c
 *		Amounts of days, against a plain list of them: whatever the order, and in
 *		whatever parts they come.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/invoice/day_amounts.h"
#include "tap.h"

#define ROUNDS		3000
#define MAX_TRIPS	200
#define MAX_PARTS	4

typedef struct DatedAmount
{
	int32_t		date;
	Int128		amount;
} DatedAmount;

static void *
resize(void *context, void *old, size_t size)
{
	(void) context;
	return realloc(old, size);
}

static void
do_not_pause(void)
{
}

static const Provider provider = {NULL, resize, do_not_pause};

typedef struct Bytes
{
	size_t		size;
	uint8_t    *at;				/* nothing follows them */
} Bytes;

static Bytes
write_days(const DayAmounts *days)
{
	size_t		most = day_amounts_max_size(days);
	uint8_t    *room = malloc(most + 1);
	Bytes		bytes;

	bytes.size = (size_t) (day_amounts_write(days, room) - room);
	bytes.at = malloc(bytes.size + 1);
	memcpy(bytes.at, room, bytes.size);
	bytes.at = realloc(bytes.at, bytes.size > 0 ? bytes.size : 1);
	free(room);
	return bytes;
}

static bool
same_days(const DayAmounts *a, const DayAmounts *b)
{
	Bytes		x = write_days(a);
	Bytes		y = write_days(b);
	bool		same = x.size == y.size && memcmp(x.at, y.at, x.size) == 0;

	free(x.at);
	free(y.at);
	return same;
}

/* In one period, in a few, or anywhere; some are of one day, and some cancel out. */
static void
random_trips(DatedAmount *trips, int count)
{
	int			kind = random_below(4);

	for (int i = 0; i < count; i++)
	{
		int32_t		date = random_below(kind == 0 ? 31 : 400) - 200;

		if (kind == 2 && random_below(3) == 0)
			date = (int32_t) random_bits();
		if (kind == 3 && random_below(3) == 0)
			date = random_below(2) ? INT32_MAX - random_below(40) : INT32_MIN + random_below(40);
		trips[i] = (DatedAmount) {date, (Int128) (int64_t) random_bits() * (int64_t) (random_bits() >> random_below(64))};
		trips[i].amount >>= 38;	/* so that no sum of theirs is out of range */
		if (i > 0 && random_below(8) == 0)
			trips[i] = (DatedAmount) {trips[i - 1].date, -trips[i - 1].amount};
	}
}

static Int128
over_of(const DatedAmount *trips, int count, Int128 cap)
{
	Int128		over = 0;

	for (int i = 0; i < count; i++)
	{
		Int128		sum = 0;
		bool		seen = false;

		for (int j = 0; j < count; j++)
			if (trips[j].date == trips[i].date)
			{
				seen |= j < i;
				sum += trips[j].amount;
			}
		if (!seen && sum > cap)
			over += sum - cap;
	}
	return over;
}

static bool
blocks_in_order(const DayAmounts *days)
{
	for (int i = 1; i < days->count; i++)
		if (days->blocks[i - 1].number >= days->blocks[i].number)
			return false;
	return days->count <= days->capacity;
}

/* The same trips, from the last to the first, and in parts that are sent or not. */
static bool
same_in_parts(const DatedAmount *trips, int count, const DayAmounts *whole_of)
{
	DayAmounts	parts[MAX_PARTS] = {{0}};
	DayAmounts	merged = {0};
	bool		good = true;

	for (int i = count - 1; i >= 0; i--)
		good &= day_amounts_add(&parts[random_below(MAX_PARTS)], trips[i].date, trips[i].amount, &provider);
	for (int p = 0; p < MAX_PARTS; p++)
	{
		if (random_below(2))
			good &= day_amounts_merge(&merged, &parts[p], &provider);
		else
		{
			Bytes		sent = write_days(&parts[p]);

			good &= day_amounts_read(&merged, sent.at, sent.size, &provider);
			free(sent.at);
		}
		free(parts[p].blocks);
	}
	good &= blocks_in_order(&merged) && same_days(&merged, whole_of);
	free(merged.blocks);
	return good;
}

/* Bytes that are cut short or changed are read as something or nothing. */
static void
read_damaged(const DayAmounts *days)
{
	Bytes		bytes = write_days(days);
	DayAmounts	damaged = {0};
	size_t		size = random_below((int) bytes.size + 1);
	uint8_t    *copy = malloc(size > 0 ? size : 1);

	memcpy(copy, bytes.at, size);
	for (int i = random_below(3); i > 0 && size > 0; i--)
		copy[random_below((int) size)] = (uint8_t) random_bits();
	day_amounts_read(&damaged, copy, size, &provider);
	free(damaged.blocks);
	free(copy);
	free(bytes.at);
}

static void
check_random_days(void)
{
	static DatedAmount trips[MAX_TRIPS];
	int			refused = 0;
	int			over_wrong = 0;
	int			parts_wrong = 0;

	for (int n = 0; n < ROUNDS; n++)
	{
		int			count = random_below(MAX_TRIPS + 1);
		Int128		cap = random_below(3) ? (Int128) (random_bits() >> random_below(64)) : 0;
		DayAmounts	days = {0};
		Int128		over;

		random_trips(trips, count);
		for (int i = 0; i < count; i++)
			refused += !day_amounts_add(&days, trips[i].date, trips[i].amount, &provider);
		over_wrong += !day_amounts_over(&days, cap, &over) || over != over_of(trips, count, cap);
		parts_wrong += !same_in_parts(trips, count, &days);
		read_damaged(&days);
		free(days.blocks);
	}
	ok(refused == 0, "amounts in range are added");
	ok(over_wrong == 0, "what is over the cap is that of each date: %d are not", over_wrong);
	ok(parts_wrong == 0, "order and parts do not matter: in %d they do", parts_wrong);
}

static void
check_range(void)
{
	const Int128 largest = (Int128) (~(UInt128) 0 >> 1);
	DayAmounts	one = {0};
	DayAmounts	two = {0};
	Int128		over;

	ok(day_amounts_add(&one, 0, largest, &provider) && day_amounts_over(&one, 0, &over) && over == largest,
	   "the largest amount that there is");
	ok(day_amounts_add(&two, 0, 1, &provider) && !day_amounts_merge(&two, &one, &provider), "a sum of parts that is out of range");
	ok(!day_amounts_add(&one, 0, 1, &provider), "a day's");
	free(one.blocks);
	free(two.blocks);

	one = (DayAmounts) {0};
	day_amounts_add(&one, -1, largest, &provider);
	day_amounts_add(&one, 1, largest, &provider);
	ok(!day_amounts_over(&one, 0, &over), "and that of the days");
	free(one.blocks);
}

int
main(void)
{
	check_random_days();
	check_range();
	return done_testing();
}
