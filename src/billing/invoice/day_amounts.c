/*
 * day_amounts.c
 *		What the trips that began on each local date cost together.
 */
#include <string.h>

#include "billing/invoice/day_amounts.h"
#include "track/bytes.h"

/* A day's distance from the one before, and the two halves of its amount. */
#define MAX_DAY_SIZE	(3 * MAX_VARINT_SIZE)

/* Where a block is, or belongs. */
static int
find_block(const DayAmounts *days, uint32_t number)
{
	int			low = 0;
	int			high = days->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (days->blocks[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The block of a number, which is made if there is none. */
DayBlock *
day_amounts_insert(DayAmounts *days, uint32_t number, const Provider *provider)
{
	int			at = find_block(days, number);
	DayBlock   *block;

	if (at < days->count && days->blocks[at].number == number)
		return &days->blocks[at];
	provider->pause();
	if (days->count == days->capacity)
	{
		int			capacity = days->count > 0 ? days->count * 2 : 1;

		days->blocks = provider->resize(provider->context, days->blocks, (size_t) capacity * sizeof(DayBlock));
		days->capacity = capacity;
	}
	block = &days->blocks[at];
	memmove(block + 1, block, (size_t) (days->count - at) * sizeof(DayBlock));
	memset(block, 0, sizeof(DayBlock));
	block->number = number;
	days->count++;
	days->first = days->blocks[0].number;
	for (days->adjoining = 1; days->adjoining < (uint32_t) days->count &&
		 days->blocks[days->adjoining].number == days->first + days->adjoining; days->adjoining++)
		;
	return block;
}

/* Add those of another; false if an amount is out of range. */
bool
day_amounts_merge(DayAmounts *days, const DayAmounts *other, const Provider *provider)
{
	for (int i = 0; i < other->count; i++)
	{
		DayBlock   *block = day_block(days, other->blocks[i].number, provider);

		for (int d = 0; d < DAYS_PER_BLOCK; d++)
			if (__builtin_add_overflow(block->amounts[d], other->blocks[i].amounts[d], &block->amounts[d]))
				return false;
	}
	return true;
}

/* What is above the cap on all days; false if it is out of range. */
bool
day_amounts_over(const DayAmounts *days, Int128 cap, Int128 *over)
{
	*over = 0;
	for (int i = 0; i < days->count; i++)
		for (int d = 0; d < DAYS_PER_BLOCK; d++)
		{
			Int128		amount = days->blocks[i].amounts[d];

			if (amount > cap &&
				(__builtin_sub_overflow(amount, cap, &amount) || __builtin_add_overflow(*over, amount, over)))
				return false;
		}
	return true;
}

static int
day_count(const DayAmounts *days)
{
	int			count = 0;

	for (int i = 0; i < days->count; i++)
		for (int d = 0; d < DAYS_PER_BLOCK; d++)
			count += days->blocks[i].amounts[d] != 0;
	return count;
}

/* Of what day_amounts_write() writes, or more. */
size_t
day_amounts_max_size(const DayAmounts *days)
{
	return (size_t) day_count(days) * MAX_DAY_SIZE;
}

/* Write the days that have an amount; returns the end of what was written. */
uint8_t *
day_amounts_write(const DayAmounts *days, uint8_t *out)
{
	uint64_t	before = 0;

	for (int i = 0; i < days->count; i++)
		for (int d = 0; d < DAYS_PER_BLOCK; d++)
		{
			Int128		amount = days->blocks[i].amounts[d];
			uint64_t	day = (uint64_t) days->blocks[i].number * DAYS_PER_BLOCK + d;

			if (amount == 0)
				continue;
			out = put_varint(out, day - before);
			out = put_varint(out, zigzag((int64_t) (amount >> 64)));
			out = put_varint(out, (uint64_t) amount);
			before = day;
		}
	return out;
}

/* Add the days of such bytes, all of them; false if they are damaged. */
bool
day_amounts_read(DayAmounts *days, const uint8_t *bytes, size_t size, const Provider *provider)
{
	ByteReader	in = {bytes, bytes + size};
	uint64_t	day = 0;

	while (bytes_left(&in) > 0)
	{
		uint64_t	step,
					high,
					low;
		Int128		amount;

		if (!read_count(&in, UINT32_MAX - day, &step) || !read_varint(&in, &high) || !read_varint(&in, &low))
			return false;
		day += step;
		amount = (Int128) ((UInt128) (uint64_t) unzigzag(high) << 64 | low);
		if (!day_amounts_add(days, (int32_t) (uint32_t) (day + (uint32_t) INT32_MIN), amount, provider))
			return false;
	}
	return true;
}
