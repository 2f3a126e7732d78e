/*
 * ring_fn.c
 *		SQL: the newest rows of a share's journal, and ticks by their number, from the slots in use.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/fmgroids.h"

#include "outbox/ring_scan.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_newest);
PG_FUNCTION_INFO_V1(tripmeter_outbox_recent);
PG_FUNCTION_INFO_V1(tripmeter_outbox_tick_of);
PG_FUNCTION_INFO_V1(tripmeter_outbox_last_tick);

/* A row as a value of what the function returns; NULL: there is none. */
static Datum
row_or_null(FunctionCallInfo fcinfo, HeapTuple tuple)
{
	TupleDesc	descriptor;

	if (tuple == NULL)
	{
		fcinfo->isnull = true;
		return (Datum) 0;
	}
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return heap_copy_tuple_as_datum(tuple, descriptor);
}

/* Open the journal and begin to read the rows of a share, the newest first. */
static void
find_progress(RingScan *ring, int32 share)
{
	ScanKeyData key;

	ring_open(ring, "outbox_progress", 0, "share", "n");
	ScanKeyInit(&key, ring->key, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(share));
	ring_find(ring, &key, 1, BackwardScanDirection);
}

/* The newest row of a share. */
Datum
tripmeter_outbox_newest(PG_FUNCTION_ARGS)
{
	RingScan	ring;
	Datum		result;

	find_progress(&ring, PG_GETARG_INT32(0));
	result = row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}

/* The newest rows of a share, at most so many. */
Datum
tripmeter_outbox_recent(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RingScan	ring;
	HeapTuple	tuple;

	InitMaterializedSRF(fcinfo, 0);
	find_progress(&ring, PG_GETARG_INT32(0));
	for (int32 left = PG_GETARG_INT32(1); left > 0 && (tuple = ring_next(&ring)) != NULL; left--)
		tuplestore_puttuple(result->setResult, tuple);
	ring_close(&ring);
	return (Datum) 0;
}

/* A tick by its number. */
Datum
tripmeter_outbox_tick_of(PG_FUNCTION_ARGS)
{
	RingScan	ring;
	ScanKeyData key;
	Datum		result;

	ring_open(&ring, "outbox_tick", 0, "tick", "tick");
	ScanKeyInit(&key, ring.key, BTEqualStrategyNumber, F_INT8EQ, PG_GETARG_DATUM(0));
	ring_find(&ring, &key, 1, ForwardScanDirection);
	result = row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}

/* The latest tick. */
Datum
tripmeter_outbox_last_tick(PG_FUNCTION_ARGS)
{
	RingScan	ring;
	Datum		result;

	ring_open(&ring, "outbox_tick", 0, "tick", "tick");
	ring_find(&ring, NULL, 0, BackwardScanDirection);
	result = row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}
