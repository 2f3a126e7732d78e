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
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "outbox/outbox_catalog.h"
#include "outbox/ring_scan.h"

#define BUCKETS 64

PG_FUNCTION_INFO_V1(tripmeter_outbox_fill);
PG_FUNCTION_INFO_V1(tripmeter_outbox_events_of);

/* What is read, bucket by bucket, and where the reading is. */
typedef struct Window
{
	int32		share;			/* the first bucket */
	int32		shares;			/* from one bucket to the next */
	int32		bucket;			/* the position of the share: */
	int64		seq;			/* up to there all is done */
	int64		low;			/* where a bucket begins, but for the position's */
	int64		high;			/* where it ends, but for that of the end */
	int32		end_bucket;		/* the end of the batch; BUCKETS: it is that of the window */
	int64		end_seq;
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
	int32		reading;		/* the bucket that is read */
	bool		is_reading;
} Window;

static Datum
field(HeapTupleHeader row, const char *name)
{
	bool		isnull;
	Datum		value = GetAttributeByName(row, name, &isnull);

	if (isnull)
		elog(ERROR, "field \"%s\" is NULL", name);
	return value;
}

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

/* The events of a share from its position on; false if there is no window. */
static bool
open_window(Window *window, HeapTupleHeader consumer, HeapTupleHeader p, int32 share, HeapTupleHeader a, HeapTupleHeader b)
{
	Oid			outbox;

	memset(window, 0, sizeof(*window));
	if (!snapshot_of(a, &window->a) || !snapshot_of(b, &window->b))
		return false;
	window->share = share;
	window->shares = DatumGetInt32(field(consumer, "shares"));
	window->bucket = DatumGetInt32(field(p, "bucket"));
	/* before the first bucket there is no position in one */
	if (window->bucket >= 0)
		window->seq = DatumGetInt64(field(p, "seq"));
	window->low = DatumGetInt64(field(p, "low"));
	window->high = DatumGetInt64(field(p, "high"));
	window->end_bucket = BUCKETS;
	window->era = DatumGetInt32(field(a, "era"));
	read_types(window, consumer);

	outbox = outbox_relation("outbox");
	window->era_column = get_attnum(outbox, "era");
	window->xid_column = get_attnum(outbox, "xid");
	window->type_column = get_attnum(outbox, "type");
	window->reading = share - window->shares;
	ring_open(&window->ring, "outbox", DatumGetInt64(field(p, "tick")), "bucket", "seq");
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
	TupleDesc	descriptor = RelationGetDescr(window->ring.given->table);
	bool		isnull;
	Datum		xid;

	if (DatumGetInt32(heap_getattr(event, window->era_column, descriptor, &isnull)) != window->era)
		return false;
	xid = heap_getattr(event, window->xid_column, descriptor, &isnull);
	return !DatumGetBool(DirectFunctionCall2(pg_visible_in_snapshot, xid, window->a)) &&
		DatumGetBool(DirectFunctionCall2(pg_visible_in_snapshot, xid, window->b)) &&
		(window->types == NULL || is_wanted_type(window, heap_getattr(event, window->type_column, descriptor, &isnull)));
}

/* Begin to read the next bucket; false if there is none. */
static bool
next_bucket(Window *window)
{
	ScanKeyData keys[3];
	int64		low;
	int64		high;

	do
		window->reading += window->shares;
	while (window->reading < window->bucket);
	if (window->reading >= BUCKETS || window->reading > window->end_bucket)
		return false;
	low = window->reading == window->bucket ? window->seq : window->low;
	high = window->reading == window->end_bucket ? window->end_seq : window->high;
	ScanKeyInit(&keys[0], window->ring.key, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(window->reading));
	ScanKeyInit(&keys[1], window->ring.number, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(low));
	ScanKeyInit(&keys[2], window->ring.number, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(high));
	ring_find(&window->ring, keys, 3, ForwardScanDirection);
	return true;
}

/* The next event, by bucket and number; NULL: there is none. */
static HeapTuple
next_event(Window *window)
{
	HeapTuple	event;

	for (;;)
	{
		if (!window->is_reading && !next_bucket(window))
			return NULL;
		window->is_reading = true;
		while ((event = ring_next(&window->ring)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			if (is_in_window(window, event))
				return event;
		}
		window->is_reading = false;
	}
}

/* How many events a batch has, and where it ends: in a bucket where it is full, else behind the last. */
Datum
tripmeter_outbox_fill(PG_FUNCTION_ARGS)
{
	int32		most = PG_GETARG_INT32(5);
	Window		window;
	int32		fresh = 0;
	TupleDesc	descriptor;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (open_window(&window, PG_GETARG_HEAPTUPLEHEADER(0), PG_GETARG_HEAPTUPLEHEADER(1), PG_GETARG_INT32(2),
					PG_GETARG_HEAPTUPLEHEADER(3), PG_GETARG_HEAPTUPLEHEADER(4)))
	{
		while (fresh < most && next_event(&window) != NULL)
			fresh++;
		window.end_seq = fresh == most ? window.ring.given->number : 0;
		ring_close(&window.ring);
	}
	values[0] = Int32GetDatum(fresh);
	values[1] = Int32GetDatum(fresh == most ? window.reading : BUCKETS);
	values[2] = Int64GetDatum(fresh == most ? window.end_seq : 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

/* All events of a batch. */
Datum
tripmeter_outbox_events_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	HeapTupleHeader p = PG_GETARG_HEAPTUPLEHEADER(1);
	Window		window;
	HeapTuple	event;

	InitMaterializedSRF(fcinfo, 0);
	if (!open_window(&window, PG_GETARG_HEAPTUPLEHEADER(0), p, PG_GETARG_INT32(2),
					 PG_GETARG_HEAPTUPLEHEADER(3), PG_GETARG_HEAPTUPLEHEADER(4)))
		return (Datum) 0;
	window.end_bucket = DatumGetInt32(field(p, "end_bucket"));
	if (window.end_bucket >= 0)
		window.end_seq = DatumGetInt64(field(p, "end_seq"));
	while ((event = next_event(&window)) != NULL)
		tuplestore_puttuple(result->setResult, event);
	ring_close(&window.ring);
	return (Datum) 0;
}
