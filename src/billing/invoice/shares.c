/*
 * shares.c
 *		SQL: the aggregate invoice_shares(), which allocates an invoice to its trips.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "billing/fare/arguments.h"
#include "billing/fare/datum.h"
#include "billing/invoice/row.h"
#include "billing/invoice/settle.h"
#include "compat.h"
#include "track/agg_state.h"

PG_FUNCTION_INFO_V1(tripmeter_invoice_shares_accum);
PG_FUNCTION_INFO_V1(tripmeter_invoice_shares_final);

/* (state, plan, trip_id, and what is of a trip) */
#define ARG_TRIP_ID		(ARG_PLAN + 1)
#define ARG_TRIP		(ARG_TRIP_ID + 1)

Datum
tripmeter_invoice_shares_accum(PG_FUNCTION_ARGS)
{
	PeriodTotals totals;
	InvoiceState *state = invoice_add_row(fcinfo, ARG_TRIP, &totals);
	int64		start = PG_INT64_MIN;
	struct varlena *id;

	if (totals.trip_count == 0)
		PG_RETURN_POINTER(state);
	id = invoice_required_argument(fcinfo, ARG_TRIP_ID, "trip");
	if (!PG_ARGISNULL(ARG_TRIP + ARG_START))
		start = fare_start_argument(fcinfo, ARG_TRIP + ARG_START);
	invoice_state_add_trip(state, &(SharingTrip) {
		.id = id, .start = start, .mm = totals.mm, .us = totals.us, .amount = totals.amount,
	});
	PG_RETURN_POINTER(state);
}

/* What a trip gets. */
typedef struct Share
{
	const SharingTrip *trip;
	Int128		weight;
	int64		units;
	Int128		remainder;
} Share;

#define ORDER(a, b)		(((a) > (b)) - ((a) < (b)))

/* By time and name; what is equal in all is interchangeable. */
static int
compare_trips(const void *a, const void *b)
{
	const SharingTrip *x = ((const Share *) a)->trip;
	const SharingTrip *y = ((const Share *) b)->trip;
	Size		x_size = VARSIZE(x->id) - VARHDRSZ;
	Size		y_size = VARSIZE(y->id) - VARHDRSZ;
	int			order = ORDER(x->start, y->start);

	if (order == 0)
		order = memcmp(VARDATA(x->id), VARDATA(y->id), Min(x_size, y_size));
	if (order == 0)
		order = ORDER(x_size, y_size);
	if (order == 0)
		order = ORDER(x->amount, y->amount);
	if (order == 0)
		order = ORDER(x->mm, y->mm);
	return order != 0 ? order : ORDER(x->us, y->us);
}

/* The largest remainder first, then in the order of the trips. */
static int
compare_remainders(const void *a, const void *b)
{
	const Share *x = *(Share *const *) a;
	const Share *y = *(Share *const *) b;
	int			order = ORDER(y->remainder, x->remainder);

	return order != 0 ? order : ORDER(x, y);
}

/* A refund has no part in what is owed. */
static Int128
weight_by(const SharingTrip *trip, int measure)
{
	switch (measure)
	{
		case 0:
			return Max(trip->amount, 0);
		case 1:
			return trip->mm;
		case 2:
			return trip->us;
		default:
			return 1;
	}
}

/* By amounts, or else distances, or durations, or equally; the sum is positive. */
static Int128
weigh(Share *shares, int64 count)
{
	Int128		sum = 0;

	for (int measure = 0; sum == 0; measure++)
		for (int64 i = 0; i < count; i++)
		{
			shares[i].weight = weight_by(shares[i].trip, measure);
			sum += shares[i].weight;
		}
	return sum;
}

/* Share out so many units, by the largest remainders. */
static void
share_units(Share *shares, int64 count, int64 units)
{
	Int128		sum = weigh(shares, count);
	int64		magnitude = units < 0 ? -units : units;
	int64		left = magnitude;
	Share	  **by_remainder = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Share *));

	for (int64 i = 0; i < count; i++)
	{
		shares[i].units = rational_share(magnitude, shares[i].weight, sum, &shares[i].remainder);
		left -= shares[i].units;
		by_remainder[i] = &shares[i];
	}
	qsort(by_remainder, count, sizeof(Share *), compare_remainders);
	for (int64 i = 0; i < left; i++)
		by_remainder[i]->units++;
	for (int64 i = 0; units < 0 && i < count; i++)
		shares[i].units = -shares[i].units;
	pfree(by_remainder);
}

static Datum
share_datum(TupleDesc desc, const FareBill *bill, const Share *share)
{
	Datum		values[2] = {
		PointerGetDatum(share->trip->id), fare_amount_datum(bill, share->units)
	};
	bool		nulls[2] = {share->trip->id == NULL, false};

	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* Without a trip all of it is one share, of none. */
Datum
tripmeter_invoice_shares_final(PG_FUNCTION_ARGS)
{
	static const SharingTrip no_trip = {0};
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	InvoiceState *state = state_argument(fcinfo, 0);
	int64		count;
	FareRun    *run;
	Share	   *shares;
	Datum	   *rows;
	TupleDesc	desc;

	if (state == NULL)
		PG_RETURN_NULL();
	run = invoice_settle(fcinfo->flinfo, state);
	count = Max(state->trips.count, 1);
	shares = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Share));
	shares[0] = (Share) {.trip = &no_trip};
	for (int64 i = 0; i < state->trips.count; i++)
		shares[i] = (Share) {.trip = &state->trips.items[i]};
	qsort(shares, count, sizeof(Share), compare_trips);
	share_units(shares, count, run->bill.fare);
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	rows = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Datum));
	for (int64 i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rows[i] = share_datum(desc, &run->bill, &shares[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(rows, (int) count, type, -1, false, TYPALIGN_DOUBLE));
}
