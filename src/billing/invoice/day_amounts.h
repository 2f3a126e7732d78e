/*
 * day_amounts.h
 *		What the trips that began on each local date cost together.  Pure C.
 *
 * Trips come in any order, and the days of a period adjoin: in blocks of adjoining days
 * one look finds a day.
 */
#ifndef TRIPMETER_INVOICE_DAY_AMOUNTS_H
#define TRIPMETER_INVOICE_DAY_AMOUNTS_H

#include "billing/money/exact.h"
#include "billing/tariff/memory.h"

/* So a block is a little less than half a kilobyte, and one or two are a month. */
#define DAYS_PER_BLOCK	31

typedef struct DayBlock
{
	uint32_t	number;			/* counted from the lowest date */
	Int128		amounts[DAYS_PER_BLOCK];	/* 0 where there is no trip */
} DayBlock;

typedef struct DayAmounts
{
	DayBlock   *blocks;			/* in order of their numbers */
	uint32_t	first;			/* number of the first one */
	uint32_t	adjoining;		/* so many, from the first on, have numbers without a gap */
	int			count;
	int			capacity;
} DayAmounts;

extern DayBlock *day_amounts_insert(DayAmounts *days, uint32_t number, const Provider *provider);
extern bool day_amounts_merge(DayAmounts *days, const DayAmounts *other, const Provider *provider);
extern bool day_amounts_over(const DayAmounts *days, Int128 cap, Int128 *over);

/* As bytes. */
extern size_t day_amounts_max_size(const DayAmounts *days);
extern uint8_t *day_amounts_write(const DayAmounts *days, uint8_t *out);
extern bool day_amounts_read(DayAmounts *days, const uint8_t *bytes, size_t size, const Provider *provider);

static inline DayBlock *
day_block(DayAmounts *days, uint32_t number, const Provider *provider)
{
	/* without a look at any other: with many customers each is one into slow memory */
	if (number - days->first < days->adjoining)
		return &days->blocks[number - days->first];
	return day_amounts_insert(days, number, provider);
}

/* Add to the amount of a date; false if it is out of range. */
static inline bool
day_amounts_add(DayAmounts *days, int32_t date, Int128 amount, const Provider *provider)
{
	uint32_t	day = (uint32_t) date - (uint32_t) INT32_MIN;
	Int128	   *sum = &day_block(days, day / DAYS_PER_BLOCK, provider)->amounts[day % DAYS_PER_BLOCK];

	return !__builtin_add_overflow(*sum, amount, sum);
}

#endif							/* TRIPMETER_INVOICE_DAY_AMOUNTS_H */
