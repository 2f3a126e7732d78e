/*
 * row.c
 *		Rows of the partitioned tables of the ring: written read from SQL, written into the current slot, and returned.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "outbox/ring/catalog.h"
#include "outbox/ring/row.h"

/* A column of a row that SQL has given, which is not NULL. */
Datum
ring_field(HeapTupleHeader given, const char *column)
{
	bool		isnull;
	Datum		value = GetAttributeByName(given, column, &isnull);

	if (isnull)
		elog(ERROR, "column \"%s\" is NULL", column);
	return value;
}

/* Take a row apart. */
void
ring_row_read(RingRow *row, const char *parent, HeapTupleHeader given)
{
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(given), .t_data = given};

	row->parent = parent;
	row->descriptor = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(given), HeapTupleHeaderGetTypMod(given));
	row->values = palloc(row->descriptor->natts * sizeof(Datum));
	row->nulls = palloc(row->descriptor->natts * sizeof(bool));
	heap_deform_tuple(&tuple, row->descriptor, row->values, row->nulls);
}

/* Give a column a value. */
void
ring_row_set(RingRow *row, const char *column, Datum value)
{
	AttrNumber	number = get_attnum(outbox_relation(row->parent), column);

	if (number == InvalidAttrNumber || number > row->descriptor->natts)
		elog(ERROR, "relation \"%s\" has no column \"%s\"", row->parent, column);
	row->values[number - 1] = value;
	row->nulls[number - 1] = false;
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

/* The columns of a table that are NOT NULL have values: nobody else checks what C writes. */
static void
check_values(RingRow *row, Relation table)
{
	TupleDesc	descriptor = RelationGetDescr(table);

	if (descriptor->natts != row->descriptor->natts)
		elog(ERROR, "relation \"%s\" does not have the columns of \"%s\"",
			 RelationGetRelationName(table), row->parent);
	for (int i = 0; i < descriptor->natts; i++)
		if (row->nulls[i] && TupleDescAttr(descriptor, i)->attnotnull)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("null value in column \"%s\" of relation \"%s\"",
							NameStr(TupleDescAttr(descriptor, i)->attname), row->parent)));
}

/*
 * Write a row into the current slot, of which it is told. Straight into the slot's table: what a session
 * knows of the parent's partitions may be older than the slot.
 */
void
ring_row_write(RingRow *row)
{
	int16		slot = current_slot();
	char		name[NAMEDATALEN];
	Relation	table;

	ring_row_set(row, "slot", Int16GetDatum(slot));
	snprintf(name, sizeof(name), "%s_%d", row->parent, slot);
	table = table_open(outbox_relation(name), RowExclusiveLock);
	check_values(row, table);
	CatalogTupleInsert(table, heap_form_tuple(RelationGetDescr(table), row->values, row->nulls));
	table_close(table, NoLock);
	CommandCounterIncrement();
}

/* A row as a value of what the function returns; NULL: there is none. */
Datum
ring_row_or_null(FunctionCallInfo fcinfo, HeapTuple tuple)
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
