/*
 * catalog.c
 *		The outbox's own tables, found and read by C: without privileges, for whoever
 *		writes a captured table has none on them, and by the newest snapshot, also in
 *		a transaction whose own is older.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "outbox/ring/catalog.h"

/* A table or sequence of the extension. */
Oid
outbox_relation(const char *name)
{
	Oid			relation = get_relname_relid(name, get_namespace_oid("tripmeter", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation tripmeter.%s does not exist", name),
				 errhint("The library is newer than the extension's script: ALTER EXTENSION tripmeter UPDATE.")));
	return relation;
}

/* Who owns the outbox. */
Oid
outbox_owner(void)
{
	Relation	relation = table_open(outbox_relation("outbox"), AccessShareLock);
	Oid			owner = relation->rd_rel->relowner;

	table_close(relation, AccessShareLock);
	return owner;
}

void
outbox_scan_begin(OutboxScan *scan, Oid relation)
{
	scan->relation = table_open(relation, AccessShareLock);
	scan->snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan->scan = systable_beginscan(scan->relation, InvalidOid, false, scan->snapshot, 0, NULL);
}

/* The next row, or NULL. */
HeapTuple
outbox_scan_next(OutboxScan *scan)
{
	return systable_getnext(scan->scan);
}

/* The value of a column of a row; false if it is NULL. */
static bool
value_of(Relation relation, HeapTuple tuple, const char *column, Datum *value)
{
	TupleDesc	descriptor = RelationGetDescr(relation);
	bool		isnull;

	for (int i = 0; i < descriptor->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(descriptor, i)->attname), column) == 0)
		{
			*value = heap_getattr(tuple, i + 1, descriptor, &isnull);
			return !isnull;
		}
	elog(ERROR, "no column \"%s\" in \"%s\"", column, RelationGetRelationName(relation));
}

/* The value of a column; false if it is NULL. */
bool
outbox_scan_maybe(OutboxScan *scan, HeapTuple tuple, const char *column, Datum *value)
{
	return value_of(scan->relation, tuple, column, value);
}

/* The value of a column that is never NULL. */
Datum
outbox_scan_value(OutboxScan *scan, HeapTuple tuple, const char *column)
{
	Datum		value;

	if (!value_of(scan->relation, tuple, column, &value))
		elog(ERROR, "no value in column \"%s\" of \"%s\"", column, RelationGetRelationName(scan->relation));
	return value;
}

void
outbox_scan_end(OutboxScan *scan)
{
	systable_endscan(scan->scan);
	UnregisterSnapshot(scan->snapshot);
	table_close(scan->relation, AccessShareLock);
}

/* Make the first rows, or those of a new era, by the SQL function of this name. */
void
outbox_begin(void)
{
	List	   *name = list_make2(makeString("tripmeter"), makeString("outbox_begin"));

	OidFunctionCall0(LookupFuncName(name, 0, NULL, false));
	CommandCounterIncrement();
}
