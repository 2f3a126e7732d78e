/*
 * bill.h
 *		A bill: its lines and their total, all exact.  Pure C.
 */
#ifndef TRIPMETER_FARE_BILL_H
#define TRIPMETER_FARE_BILL_H

#include "billing/tariff/memory.h"
#include "billing/tariff/names.h"
#include "billing/tariff/tariff.h"

#define NO_CELL		(-1)		/* of a line that no cap limits */

typedef struct BillLine
{
	LineKind	kind;
	const char *rule;
	const void *priced_by;		/* the rate or tier whose lines may be joined; or NULL */
	bool		timed;			/* has `from` and `to` */
	int64_t		from;
	int64_t		to;
	const char *unit;			/* NULL: the line has no quantity, rate or factor */
	Rational	quantity;		/* in units */
	Rational	billed;
	Rational	rate;
	Rational	factor;
	Rational	exact;			/* billed times rate times factor */
	bool		note;			/* says that a rule had no effect; is not taxed */
	int			cell;			/* index in FarePieces.cells, or NO_CELL */
	int64_t		amount;			/* in units of the bill, set by fare_allocate_lines() */
	Rational	remainder;		/* what rounding `exact` down to it left */
} BillLine;

/* The array of lines serves one bill after the other. */
typedef struct FareBill
{
	const Tariff *tariff;
	const Provider *provider;
	int			line_count;
	int			line_capacity;
	BillLine   *lines;
	Rational	total;			/* of the exact amounts, kept from step 8 on */
	Rational	unit;			/* of amounts, set with the fare */
	int64_t		fare;			/* in such units */
	bool		fits;			/* false: an amount is out of range, and there is no fare */
} FareBill;

extern void fare_bill_begin(FareBill *bill, const Tariff *tariff, const Provider *provider,
							bool fits);
extern BillLine *fare_bill_next(FareBill *bill);
extern BillLine *fare_bill_finish(FareBill *bill);
extern BillLine *fare_bill_add(FareBill *bill, const BillLine *line);
extern BillLine *fare_bill_add_amount(FareBill *bill, LineKind kind, const char *rule,
									  Rational amount);
extern void fare_bill_sum(FareBill *bill);

#endif							/* TRIPMETER_FARE_BILL_H */
