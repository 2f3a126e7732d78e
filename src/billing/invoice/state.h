/*
 * state.h
 *		The state of the aggregates of invoices.
 *
 * It has sums of whole numbers, so that the result is the same for every order, plan and
 * number of workers.
 */
#ifndef TRIPMETER_INVOICE_STATE_H
#define TRIPMETER_INVOICE_STATE_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "billing/invoice/day_amounts.h"
#include "billing/invoice/invoice.h"
#include "billing/tariff/value.h"

/* A trip that gets a share of the invoice. */
typedef struct SharingTrip
{
	struct varlena *id;			/* a text with a whole header */
	int64		start;			/* the least number if it is not known */
	int64		mm;
	int64		us;
	Int128		amount;			/* in parts */
} SharingTrip;

typedef struct TripList
{
	int64		count;
	int64		capacity;
	Size		bytes;			/* allocated for the list and the ids */
	SharingTrip *items;
} TripList;

typedef struct InvoiceState
{
	/* first what every row needs: with many groups little is in the processor's cache */
	TariffHint	row_plan;		/* of its rows so far, at their call site */
	bool		by_date;		/* the plan has a daily cap */
	DayAmounts	days;			/* if so */
	PeriodTotals totals;		/* over_cap is not used: days tell it */
	Jsonb	   *attributes;		/* NULL: none were given */
	struct varlena *plan;
	MemoryContext context;		/* of all that the state points to */
	TripList	trips;			/* of invoice_shares alone */
} InvoiceState;

extern InvoiceState *invoice_state_make(MemoryContext context, struct varlena *plan,
										struct varlena *attributes, bool by_date);
extern void invoice_state_check_plan(const InvoiceState *state, struct varlena *plan);
extern void invoice_state_check_attributes(const InvoiceState *state, struct varlena *attributes);

extern void invoice_state_add_totals(InvoiceState *state, const PeriodTotals *more);
extern void invoice_state_add_day(InvoiceState *state, int32 date, Int128 amount);
extern void invoice_state_add_trip(InvoiceState *state, const SharingTrip *trip);
extern pg_noinline void invoice_report_out_of_range(const char *what) pg_attribute_noreturn();

extern void invoice_state_merge(InvoiceState *state, const InvoiceState *other);
extern InvoiceState *invoice_state_copy(MemoryContext context, const InvoiceState *other);
extern void invoice_state_write(const InvoiceState *state, StringInfo out);
extern InvoiceState *invoice_state_read(StringInfo in);

#endif							/* TRIPMETER_INVOICE_STATE_H */
