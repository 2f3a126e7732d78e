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
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "outbox/ring/catalog.h"

static Oid
relation_in(const char *schema, const char *name)
{
	Oid			relation = get_relname_relid(name, get_namespace_oid(schema, false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation %s.%s does not exist", schema, name),
				 errhint("The library is newer than the extension's script: ALTER EXTENSION tripmeter UPDATE.")));
	return relation;
}

/* Return a table that users see. */
Oid
outbox_table(const char *name)
{
	return relation_in("tripmeter", name);
}

/* Return an internal table or sequence. */
Oid
outbox_relation(const char *name)
{
	return relation_in("tripmeter_internal", name);
}

/* Return an internal function.  Unlike in SQL, the current user needs no right on its schema. */
Oid
outbox_function(const char *name, int count, const Oid *arguments)
{
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
										   PointerGetDatum(buildoidvector(arguments, count)),
										   ObjectIdGetDatum(get_namespace_oid("tripmeter_internal", false)));

	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function tripmeter_internal.%s does not exist", name),
				 errhint("The library is newer than the extension's script: ALTER EXTENSION tripmeter UPDATE.")));
	return function;
}

/* Who owns the outbox. */
Oid
outbox_owner(void)
{
	Relation	relation = table_open(outbox_table("outbox"), AccessShareLock);
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
	OidFunctionCall0(outbox_function("outbox_begin", 0, NULL));
	CommandCounterIncrement();
}
