/*
 * ring_fn.c
 *		SQL: rows of the ring. Reads the newest of a share's journal, and ticks by their number,
 *		from the slots in use; writes both into the current slot.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "outbox/outbox_catalog.h"
#include "outbox/ring_scan.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_newest);
PG_FUNCTION_INFO_V1(tripmeter_outbox_recent);
PG_FUNCTION_INFO_V1(tripmeter_outbox_tick_of);
PG_FUNCTION_INFO_V1(tripmeter_outbox_last_tick);
PG_FUNCTION_INFO_V1(tripmeter_outbox_write);
PG_FUNCTION_INFO_V1(tripmeter_outbox_write_tick);

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

	ring_open(ring, "outbox_progress", 0, "share", "n", BackwardScanDirection);
	ScanKeyInit(&key, ring->key, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(share));
	ring_find(ring, &key, 1);
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

	ring_open(&ring, "outbox_tick", 0, "tick", "tick", ForwardScanDirection);
	ScanKeyInit(&key, ring.key, BTEqualStrategyNumber, F_INT8EQ, PG_GETARG_DATUM(0));
	ring_find(&ring, &key, 1);
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

	ring_open(&ring, "outbox_tick", 0, "tick", "tick", BackwardScanDirection);
	ring_find(&ring, NULL, 0);
	result = row_or_null(fcinfo, ring_next(&ring));
	ring_close(&ring);
	return result;
}

/* A row of a partitioned table of the ring. */
typedef struct Row
{
	const char *parent;
	TupleDesc	descriptor;
	Datum	   *values;
	bool	   *nulls;
} Row;

static void
read_row(Row *row, const char *parent, HeapTupleHeader given)
{
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(given), .t_data = given};

	row->parent = parent;
	row->descriptor = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(given), HeapTupleHeaderGetTypMod(given));
	row->values = palloc(row->descriptor->natts * sizeof(Datum));
	row->nulls = palloc(row->descriptor->natts * sizeof(bool));
	heap_deform_tuple(&tuple, row->descriptor, row->values, row->nulls);
}

static void
set_column(Row *row, const char *name, Datum value)
{
	AttrNumber	column = get_attnum(outbox_relation(row->parent), name);

	if (column == InvalidAttrNumber || column > row->descriptor->natts)
		elog(ERROR, "relation \"%s\" has no column \"%s\"", row->parent, name);
	row->values[column - 1] = value;
	row->nulls[column - 1] = false;
}

static int16
current_slot(void)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	int16		slot;

	outbox_scan_begin(&scan, outbox_relation("outbox_current"));
	tuple = outbox_scan_next(&scan);
	if (tuple == NULL)
		elog(ERROR, "there is no current slot");
	slot = DatumGetInt16(outbox_scan_value(&scan, tuple, "slot"));
	outbox_scan_end(&scan);
	return slot;
}

/*
 * Write a row into the current slot, of which it is told. Straight into the slot's table: what a session
 * knows of the parent's partitions may be older than the slot.
 */
static void
write_row(Row *row)
{
	int16		slot = current_slot();
	char		name[NAMEDATALEN];
	Relation	table;

	set_column(row, "slot", Int16GetDatum(slot));
	snprintf(name, sizeof(name), "%s_%d", row->parent, slot);
	table = table_open(outbox_relation(name), RowExclusiveLock);
	if (RelationGetNumberOfAttributes(table) != row->descriptor->natts)
		elog(ERROR, "relation \"%s\" does not have the columns of \"%s\"", name, row->parent);
	CatalogTupleInsert(table, heap_form_tuple(RelationGetDescr(table), row->values, row->nulls));
	table_close(table, NoLock);
	CommandCounterIncrement();
}

/* Writes how far a share is, and returns it with its number and the time. */
Datum
tripmeter_outbox_write(PG_FUNCTION_ARGS)
{
	Row			row;

	read_row(&row, "outbox_progress", PG_GETARG_HEAPTUPLEHEADER(0));
	set_column(&row, "n", Int64GetDatum(nextval_internal(outbox_relation("outbox_progress_number"), false)));
	set_column(&row, "at", TimestampTzGetDatum(GetCurrentTimestamp()));
	write_row(&row);
	return HeapTupleGetDatum(heap_form_tuple(row.descriptor, row.values, row.nulls));
}

/* Writes a tick. */
Datum
tripmeter_outbox_write_tick(PG_FUNCTION_ARGS)
{
	Row			row;

	read_row(&row, "outbox_tick", PG_GETARG_HEAPTUPLEHEADER(0));
	write_row(&row);
	PG_RETURN_VOID();
}
