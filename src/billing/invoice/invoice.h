/*
 * invoice.h
 *		What a customer owes for a period: the totals of the trips, under a plan.  Pure C.
 */
#ifndef TRIPMETER_INVOICE_H
#define TRIPMETER_INVOICE_H

#include "billing/fare/fare.h"
#include "billing/money/stored_amount.h"

/* What the trips of a period come to. */
typedef struct PeriodTotals
{
	int64_t		trip_count;
	int64_t		mm;
	int64_t		us;
	Int128		amount;			/* in parts */
	Int128		over_cap;		/* of the amount: what is above the daily cap */
} PeriodTotals;

/* The part of a period and the people that it is for. */
typedef struct PeriodShare
{
	int64_t		members;
	int64_t		days;
	int64_t		period_days;	/* positive */
} PeriodShare;

/* Add more of them; returns NULL, or what is out of range then. */
static inline const char *
period_totals_add(PeriodTotals *to, const PeriodTotals *more)
{
	if (__builtin_add_overflow(to->mm, more->mm, &to->mm))
		return "distance";
	if (__builtin_add_overflow(to->us, more->us, &to->us))
		return "duration";
	if (__builtin_add_overflow(to->amount, more->amount, &to->amount))
		return "amount";
	to->trip_count += more->trip_count;
	return NULL;
}

extern Int128 invoice_daily_cap(const Period *period);
extern bool invoice_finish(FareRun *run, Tariff *of_period, const FareTerms *plan,
						   const bool *attribute_results, const PeriodTotals *totals,
						   const PeriodShare *share);

#endif							/* TRIPMETER_INVOICE_H */
