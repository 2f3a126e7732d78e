/*
 * position_fn.c
 *		SQL: the journal of progress, how far the shares of consumers are.
 *
 * A share's rows are written under its lock, each into the slot that is the current one then: so of
 * two slots, the one opened later has the newer rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "commands/sequence.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "outbox/ring/catalog.h"
#include "outbox/ring/row.h"
#include "outbox/ring/scan.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_newest);
PG_FUNCTION_INFO_V1(tripmeter_outbox_recent);
PG_FUNCTION_INFO_V1(tripmeter_outbox_write);

/* Open a slot of the journal and begin to read the rows of a share, the newest first. */
static void
find_progress(RingScan *ring, int16 slot, int32 share)
{
	ScanKeyData key;

	ring_open(ring, "outbox_progress", &slot, 1, "share", "n", BackwardScanDirection);
	ScanKeyInit(&key, ring->key, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(share));
	ring_find(ring, &key, 1);
}

/* The newest row of a share. */
Datum
tripmeter_outbox_newest(PG_FUNCTION_ARGS)
{
	int16	   *slots;
	int			count = ring_slots(0, PG_INT64_MAX, &slots);

	while (count-- > 0)
	{
		RingScan	ring;
		HeapTuple	tuple;
		Datum		result = (Datum) 0;

		CHECK_FOR_INTERRUPTS();
		find_progress(&ring, slots[count], PG_GETARG_INT32(0));
		tuple = ring_next(&ring);
		if (tuple != NULL)
			result = ring_row_or_null(fcinfo, tuple);
		ring_close(&ring);
		if (tuple != NULL)
			return result;
	}
	PG_RETURN_NULL();
}

/* Whether a slot's journal can be read without waiting for who truncates it; then it stays so. */
static bool
is_readable(int16 slot)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "outbox_progress_%d", slot);
	return ConditionalLockRelationOid(outbox_relation(name), AccessShareLock);
}

/* The newest rows of a share, at most so many, in slots that were not sealed by a tick. */
Datum
tripmeter_outbox_recent(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int32		left = PG_GETARG_INT32(1);
	int16	   *slots;
	int			count = ring_slots(PG_GETARG_INT64(2), PG_INT64_MAX, &slots);

	InitMaterializedSRF(fcinfo, 0);
	while (left > 0 && count-- > 0)
	{
		RingScan	ring;
		HeapTuple	tuple;

		CHECK_FOR_INTERRUPTS();
		if (!is_readable(slots[count]))
			continue;
		find_progress(&ring, slots[count], PG_GETARG_INT32(0));
		for (; left > 0 && (tuple = ring_next(&ring)) != NULL; left--)
			tuplestore_puttuple(result->setResult, tuple);
		ring_close(&ring);
	}
	return (Datum) 0;
}

/* Writes how far a share is, and returns it with its number and the time. */
Datum
tripmeter_outbox_write(PG_FUNCTION_ARGS)
{
	RingRow		row;

	ring_row_read(&row, "outbox_progress", PG_GETARG_HEAPTUPLEHEADER(0));
	ring_row_set(&row, "n", Int64GetDatum(nextval_internal(outbox_relation("outbox_progress_number"), false)));
	ring_row_set(&row, "at", TimestampTzGetDatum(GetCurrentTimestamp()));
	ring_row_write(&row);
	return HeapTupleGetDatum(heap_form_tuple(row.descriptor, row.values, row.nulls));
}
