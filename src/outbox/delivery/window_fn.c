/*
 * window_fn.c
 *		SQL: the events of a share in a window, between two ticks: where a batch of them ends, and all of one.
 *
 * See README.md, "Why no event is skipped": a window is what tick b sees and tick a does not.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "outbox/ring/catalog.h"
#include "outbox/ring/row.h"
#include "outbox/ring/scan.h"

#define BUCKETS 64

PG_FUNCTION_INFO_V1(tripmeter_outbox_fill);
PG_FUNCTION_INFO_V1(tripmeter_outbox_events_of);

/* Which events are looked for. */
typedef struct Window
{
	int32		era;
	Datum		a;				/* snapshots */
	Datum		b;
	Datum	   *types;			/* NULL: all */
	int			type_count;
	/* columns of outbox */
	AttrNumber	era_column;
	AttrNumber	xid_column;
	AttrNumber	type_column;
	RingScan	ring;
} Window;

/* The snapshot of a tick, if there is one: a share that is between two windows has no second. */
static bool
snapshot_of(HeapTupleHeader tick, Datum *snapshot)
{
	bool		isnull;
	Datum		value = GetAttributeByName(tick, "snapshot", &isnull);

	if (isnull)
		return false;
	*snapshot = PointerGetDatum(PG_DETOAST_DATUM(value));
	return true;
}

static void
read_types(Window *window, HeapTupleHeader consumer)
{
	bool		isnull;
	Datum		types = GetAttributeByName(consumer, "types", &isnull);
	bool	   *nulls;
	Datum	   *values;
	int			count;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(types), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	window->types = values;
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			window->types[window->type_count++] = values[i];
}

/* Search each bucket of a share for the events above one number and up to another. */
static void
find_events(Window *window, int32 share, int32 shares, int64 above, int64 up_to)
{
	if (shares < 1 || share < 0 || share >= shares)
		elog(ERROR, "share %d is not one of %d", share, shares);
	for (int32 bucket = share; bucket < BUCKETS; bucket += shares)
	{
		ScanKeyData keys[3];

		ScanKeyInit(&keys[0], window->ring.key, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(bucket));
		ScanKeyInit(&keys[1], window->ring.number, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(above));
		ScanKeyInit(&keys[2], window->ring.number, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(up_to));
		ring_find(&window->ring, keys, 3);
	}
}

/*
 * The events of a share above its position, up to a number, by default the last of the window;
 * false if there is no window.
 */
static bool
open_window(Window *window, HeapTupleHeader consumer, HeapTupleHeader p, int32 share, HeapTupleHeader a, HeapTupleHeader b,
			const char *up_to)
{
	Oid			outbox;
	int16	   *slots;
	int			count;
	bool		to_the_end = true;
	Datum		end = (Datum) 0;

	memset(window, 0, sizeof(*window));
	if (!snapshot_of(a, &window->a) || !snapshot_of(b, &window->b))
		return false;
	window->era = DatumGetInt32(ring_field(a, "era"));
	read_types(window, consumer);
	if (up_to != NULL)
		end = GetAttributeByName(p, up_to, &to_the_end);
	if (to_the_end)
		end = ring_field(b, "seq_after");

	outbox = outbox_table("outbox");
	window->era_column = get_attnum(outbox, "era");
	window->xid_column = get_attnum(outbox, "xid");
	window->type_column = get_attnum(outbox, "type");
	count = ring_slots(DatumGetInt64(ring_field(a, "tick")), DatumGetInt64(ring_field(b, "tick")), &slots);
	ring_open(&window->ring, "outbox", slots, count, "bucket", "seq", ForwardScanDirection);
	find_events(window, share, DatumGetInt32(ring_field(consumer, "shares")),
				DatumGetInt64(ring_field(p, "seq")), DatumGetInt64(end));
	return true;
}

static bool
is_wanted_type(Window *window, Datum type)
{
	for (int i = 0; i < window->type_count; i++)
		if (DatumGetBool(DirectFunctionCall2Coll(texteq, DEFAULT_COLLATION_OID, type, window->types[i])))
			return true;
	return false;
}

/* Whether an event is in the window, and of a type that the consumer receives. */
static bool
is_in_window(Window *window, HeapTuple event)
{
	TupleDesc	descriptor = RelationGetDescr(window->ring.given->slot->table);
	bool		isnull;
	Datum		xid;

	if (DatumGetInt32(heap_getattr(event, window->era_column, descriptor, &isnull)) != window->era)
		return false;
	xid = heap_getattr(event, window->xid_column, descriptor, &isnull);
	return !DatumGetBool(DirectFunctionCall2(pg_visible_in_snapshot, xid, window->a)) &&
		DatumGetBool(DirectFunctionCall2(pg_visible_in_snapshot, xid, window->b)) &&
		(window->types == NULL || is_wanted_type(window, heap_getattr(event, window->type_column, descriptor, &isnull)));
}

/* The next event, by number; NULL: there is none. */
static HeapTuple
next_event(Window *window)
{
	HeapTuple	event;

	while ((event = ring_next(&window->ring)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_in_window(window, event))
			return event;
	}
	return NULL;
}

/* How many events a batch has, and where it ends if it is full. */
Datum
tripmeter_outbox_fill(PG_FUNCTION_ARGS)
{
	int32		most = PG_GETARG_INT32(5);
	Window		window;
	int32		fresh = 0;
	int64		end = 0;
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2] = {false};

	if (most < 1)
		elog(ERROR, "a batch of %d events", most);
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (open_window(&window, PG_GETARG_HEAPTUPLEHEADER(0), PG_GETARG_HEAPTUPLEHEADER(1), PG_GETARG_INT32(2),
					PG_GETARG_HEAPTUPLEHEADER(3), PG_GETARG_HEAPTUPLEHEADER(4), NULL))
	{
		while (fresh < most && next_event(&window) != NULL)
			fresh++;
		if (fresh == most)
			end = window.ring.given->number;
		ring_close(&window.ring);
	}
	values[0] = Int32GetDatum(fresh);
	values[1] = Int64GetDatum(end);
	nulls[1] = fresh < most;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

/* All events of a batch. */
Datum
tripmeter_outbox_events_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Window		window;
	HeapTuple	event;

	InitMaterializedSRF(fcinfo, 0);
	if (!open_window(&window, PG_GETARG_HEAPTUPLEHEADER(0), PG_GETARG_HEAPTUPLEHEADER(1), PG_GETARG_INT32(2),
					 PG_GETARG_HEAPTUPLEHEADER(3), PG_GETARG_HEAPTUPLEHEADER(4), "end_seq"))
		return (Datum) 0;
	while ((event = next_event(&window)) != NULL)
		tuplestore_puttuple(result->setResult, event);
	ring_close(&window.ring);
	return (Datum) 0;
}
