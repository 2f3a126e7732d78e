/*
 * agg.h
 *		The state of the aggregates of invoices.
 */
#ifndef TRIPMETER_INVOICE_AGG_H
#define TRIPMETER_INVOICE_AGG_H

#include "lib/stringinfo.h"

#include "billing/invoice/day_amounts.h"
#include "billing/fare/site.h"
#include "billing/invoice/invoice.h"

/* Arguments of an accum function: */
#define ARG_STATE	0
#define ARG_PLAN	1

/* and of a trip in it, from its first one on; the last may be left out. */
enum
{
	ARG_START, ARG_DISTANCE, ARG_DURATION, ARG_AMOUNT, ARG_ATTRIBUTES
};

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
	Size		bytes;			/* allocated, with their ids */
	SharingTrip *items;
} TripList;

typedef struct InvoiceState
{
	/* first what every row needs: of many groups little is in the processor's cache */
	TariffHint	row_plan;		/* of its rows so far, at their call site */
	bool		by_date;		/* the plan has a daily cap */
	DayAmounts	days;			/* if so */
	PeriodTotals totals;		/* without what is over the cap */
	Jsonb	   *attributes;		/* NULL: none were given */
	struct varlena *plan;
	MemoryContext context;
	TripList	trips;			/* of invoice_shares alone */
} InvoiceState;

extern InvoiceState *invoice_add_row(FunctionCallInfo fcinfo, int first, PeriodTotals *trip);
extern FareRun *make_invoice(FunctionCallInfo fcinfo, const InvoiceState *state);

extern void check_state_size(const InvoiceState *state, Size more);
extern struct varlena *required_argument(FunctionCallInfo fcinfo, int arg, const char *name);
extern struct varlena *copy_varlena(MemoryContext context, struct varlena *value);
extern void send_varlena(StringInfo out, struct varlena *value);
extern struct varlena *receive_varlena(StringInfo in);
extern void send_int128(StringInfo out, Int128 value);
extern Int128 receive_int128(StringInfo in);

extern void trip_list_add(InvoiceState *state, const SharingTrip *trip);
extern void trip_list_write(const TripList *list, StringInfo out);
extern void trip_list_read(InvoiceState *state, StringInfo in);

#endif							/* TRIPMETER_INVOICE_AGG_H */
