/*
 * tick_scan_fn.c
 *		SQL: ticks, found in the slots in use.
 *
 * A tick's number, its transaction id and its number of the last event grow together. A slot's ticks are from the one at
 * which it was opened on, and below the one at which it was sealed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "outbox/ring/row.h"
#include "outbox/ring/scan.h"

/* How many events one window has at most, if there are ticks enough: one that is too large takes long to search. */
#define WINDOW_EVENTS 50000

PG_FUNCTION_INFO_V1(tripmeter_outbox_tick_of);
PG_FUNCTION_INFO_V1(tripmeter_outbox_last_tick);
PG_FUNCTION_INFO_V1(tripmeter_outbox_tick_by);
PG_FUNCTION_INFO_V1(tripmeter_outbox_tick_after);
PG_FUNCTION_INFO_V1(tripmeter_outbox_seq_before);
PG_FUNCTION_INFO_V1(tripmeter_outbox_write_tick);

/* A tick by its number. */
Datum
tripmeter_outbox_tick_of(PG_FUNCTION_ARGS)
{
	int64		number = PG_GETARG_INT64(0);
	int16	   *slots;
	int			count = ring_slots(number, number + 1, &slots);
	RingScan	ring;
	ScanKeyData key;
	Datum		result;

	ring_open(&ring, "outbox_tick", slots, count, "tick", "tick", ForwardScanDirection);
	ScanKeyInit(&key, ring.key, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
	ring_find(&ring, &key, 1);
	result = ring_row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}

/* The latest tick, which is in a slot that is not sealed. */
Datum
tripmeter_outbox_last_tick(PG_FUNCTION_ARGS)
{
	int16	   *slots;
	int			count = ring_slots(PG_INT64_MAX, PG_INT64_MAX, &slots);
	RingScan	ring;
	Datum		result;

	ring_open(&ring, "outbox_tick", slots, count, "tick", "tick", BackwardScanDirection);
	ring_find(&ring, NULL, 0);
	result = ring_row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}

/* Return the number of the latest tick that was made by a time, or NULL. Anybody may ask. */
Datum
tripmeter_outbox_tick_by(PG_FUNCTION_ARGS)
{
	TimestampTz time = PG_GETARG_TIMESTAMPTZ(0);
	int16	   *slots;
	int			count = ring_slots(0, PG_INT64_MAX, &slots);
	RingScan	ring;
	HeapTuple	tick;
	int64		number = 0;

	ring_open(&ring, "outbox_tick", slots, count, "tick", "tick", BackwardScanDirection);
	ring_find(&ring, NULL, 0);
	while (number == 0 && (tick = ring_next(&ring)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (DatumGetTimestampTz(ring_value(&ring, tick, "at")) <= time)
			number = DatumGetInt64(ring_value(&ring, tick, "tick"));
	}
	ring_release(&ring);
	if (number == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(number);
}

/* Whether what a tick sees is durable: in an era before this one all is. */
static bool
is_durable(RingScan *ring, HeapTuple tick, int32 this_era)
{
	return DatumGetInt32(ring_value(ring, tick, "era")) < this_era ||
		DatumGetLSN(ring_value(ring, tick, "lsn")) <= GetFlushRecPtr(NULL);
}

/* The latest durable tick of a slot after a, of its era and within the events of a window; NULL: there is none. */
static HeapTuple
latest_within(RingScan *ring, int16 slot, HeapTupleHeader a, int32 this_era)
{
	int64		seq = DatumGetInt64(ring_field(a, "seq_after"));
	ScanKeyData keys[2];
	HeapTuple	tick;
	HeapTuple	found = NULL;

	ring_open(ring, "outbox_tick", &slot, 1, "seq_after", "tick", BackwardScanDirection);
	ScanKeyInit(&keys[0], ring->key, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(seq));
	ScanKeyInit(&keys[1], ring->key, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(seq + WINDOW_EVENTS));
	ring_find(ring, keys, 2);
	while (found == NULL && (tick = ring_next(ring)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		/* what follows is as early: without events, ticks by the thousand have the same number */
		if (DatumGetInt64(ring_value(ring, tick, "tick")) <= DatumGetInt64(ring_field(a, "tick")))
			break;
		if (DatumGetInt32(ring_value(ring, tick, "era")) == DatumGetInt32(ring_field(a, "era")) &&
			is_durable(ring, tick, this_era))
			found = heap_copytuple(tick);
	}
	ring_close(ring);
	return found;
}

/* The next durable tick after a in a slot; NULL: there is none. */
static HeapTuple
next_after(RingScan *ring, int16 slot, HeapTupleHeader a, int32 this_era)
{
	ScanKeyData key;
	HeapTuple	tick;
	HeapTuple	found = NULL;

	ring_open(ring, "outbox_tick", &slot, 1, "tick", "tick", ForwardScanDirection);
	ScanKeyInit(&key, ring->key, BTGreaterStrategyNumber, F_INT8GT, ring_field(a, "tick"));
	ring_find(ring, &key, 1);
	tick = ring_next(ring);
	if (tick != NULL && is_durable(ring, tick, this_era))
		found = heap_copytuple(tick);
	ring_close(ring);
	return found;
}

/* The tick to go to from a: of the first slot that has any, the latest within the events of a window, else the next. */
Datum
tripmeter_outbox_tick_after(PG_FUNCTION_ARGS)
{
	HeapTupleHeader a = PG_GETARG_HEAPTUPLEHEADER(0);
	int32		this_era = PG_GETARG_INT32(1);
	int16	   *slots;
	int			count = ring_slots(DatumGetInt64(ring_field(a, "tick")), PG_INT64_MAX, &slots);
	HeapTuple	found = NULL;
	RingScan	ring;

	/* of the first slot that has one: a window of few slots is searched faster */
	for (int i = 0; i < count && found == NULL; i++)
	{
		found = latest_within(&ring, slots[i], a, this_era);
		if (found == NULL)
			found = next_after(&ring, slots[i], a, this_era);
	}
	return ring_row_or_null(fcinfo, found);
}

/*
 * The number before which there is no event of a transaction: seq_before of the last tick before a, of its era, at which
 * that had no id yet; 0: there is no such tick.
 */
Datum
tripmeter_outbox_seq_before(PG_FUNCTION_ARGS)
{
	HeapTupleHeader a = PG_GETARG_HEAPTUPLEHEADER(0);
	int64		number = DatumGetInt64(ring_field(a, "tick"));
	int16	   *slots;
	int			count = ring_slots(0, number, &slots);

	while (count-- > 0)
	{
		RingScan	ring;
		ScanKeyData key;
		HeapTuple	tick;
		int64		seq = -1;

		ring_open(&ring, "outbox_tick", &slots[count], 1, "next_xid", "next_xid", BackwardScanDirection);
		ScanKeyInit(&key, ring.key, BTLessEqualStrategyNumber, F_XID8LE, PG_GETARG_DATUM(1));
		ring_find(&ring, &key, 1);
		while (seq < 0 && (tick = ring_next(&ring)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			if (DatumGetInt64(ring_value(&ring, tick, "tick")) < number &&
				DatumGetInt32(ring_value(&ring, tick, "era")) == DatumGetInt32(ring_field(a, "era")))
				seq = DatumGetInt64(ring_value(&ring, tick, "seq_before"));
		}
		ring_close(&ring);
		if (seq >= 0)
			PG_RETURN_INT64(seq);
	}
	PG_RETURN_INT64(0);
}

/* Writes a tick. */
Datum
tripmeter_outbox_write_tick(PG_FUNCTION_ARGS)
{
	RingRow		row;

	ring_row_read(&row, "outbox_tick", PG_GETARG_HEAPTUPLEHEADER(0));
	ring_row_write(&row);
	PG_RETURN_VOID();
}
