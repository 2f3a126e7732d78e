/*
 * source_read.c
 *		Read what is captured of a relation from the outbox's tables.
 *
 * A partition has the source of the ancestor that is attached.
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "outbox/capture/source_read.h"
#include "outbox/ring/catalog.h"

/*
 * Return the column of a row that a query returned.  A value that is not passed by value
 * belongs to SPI, which frees it in SPI_finish(): the next two functions copy it.
 */
static Datum
fetched(int row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* Return a copy of a text in the current memory context, or NULL. */
static char *
fetched_string(int row, int column)
{
	bool		isnull;
	Datum		value = fetched(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Return a copy of an array in the current memory context, or NULL. */
static ArrayType *
fetched_array(int row, int column)
{
	bool		isnull;
	Datum		value = fetched(row, column, &isnull);

	return isnull ? NULL : DatumGetArrayTypePCopy(value);
}

/* Run a query of one argument on the outbox's tables. */
static void
query(const char *text, Oid type, Datum argument)
{
	if (SPI_execute_with_args(text, 1, &type, &argument, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read the outbox's tables");
}

/* The relation and the ancestors it is a partition of, as an array. */
static Datum
lineage(Relation relation)
{
	List	   *ancestors = relation->rd_rel->relispartition ?
		get_partition_ancestors(RelationGetRelid(relation)) : NIL;
	Datum	   *elements = palloc(sizeof(Datum) * (1 + list_length(ancestors)));
	int			count = 0;
	ListCell   *cell;

	elements[count++] = ObjectIdGetDatum(RelationGetRelid(relation));
	foreach(cell, ancestors)
		elements[count++] = ObjectIdGetDatum(lfirst_oid(cell));
	return PointerGetDatum(construct_array(elements, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* Copy the row of outbox_source into the current memory context. */
static void
fetch_source(StoredSource *source)
{
	bool		isnull;

	source->attached = DatumGetObjectId(fetched(0, 1, &isnull));
	source->aggregatetype = fetched_string(0, 2);
	source->key = fetched_array(0, 3);
	source->version = fetched_string(0, 4);
	source->columns = fetched_array(0, 5);
	source->truncatable = DatumGetBool(fetched(0, 6, &isnull));
}

/* Copy the rows of outbox_rule into the current memory context. */
static void
fetch_rules(StoredSource *source)
{
	source->rule_count = (int) SPI_processed;
	source->rules = palloc(sizeof(StoredRule) * Max(source->rule_count, 1));
	for (int i = 0; i < source->rule_count; i++)
	{
		StoredRule *rule = &source->rules[i];
		bool		isnull;

		rule->type = fetched_string(i, 1);
		rule->operation = DatumGetInt32(fetched(i, 2, &isnull));
		rule->condition = fetched_string(i, 3);
		rule->columns = fetched_array(i, 4);
		rule->schemaversion = DatumGetInt32(fetched(i, 5, &isnull));
	}
}

/*
 * Query the source of a relation and its rules, and copy them to a memory context that
 * outlives SPI_finish().  False if there is none.
 */
static bool
query_source(Datum relations, StoredSource *source, MemoryContext destination)
{
	MemoryContext procedure;

	query("SELECT relation::oid, aggregatetype, aggregateid::text[], version::text, payload::text[], truncatable "
		  "FROM tripmeter.outbox_source WHERE relation::oid = ANY ($1)", OIDARRAYOID, relations);
	if (SPI_processed == 0)
		return false;
	procedure = MemoryContextSwitchTo(destination);
	fetch_source(source);
	MemoryContextSwitchTo(procedure);

	query("SELECT type, array_position(ARRAY['insert', 'update', 'delete'], operation) - 1, condition, "
		  "payload::text[], schemaversion "
		  "FROM tripmeter.outbox_rule WHERE relation::oid = $1 ORDER BY type COLLATE \"C\"",
		  OIDOID, ObjectIdGetDatum(source->attached));
	MemoryContextSwitchTo(destination);
	fetch_rules(source);
	MemoryContextSwitchTo(procedure);
	return true;
}

/*
 * Read the source of a relation into the current memory context, as the owner of the outbox
 * and by the newest snapshot: a trigger may be newer than the transaction's.  False if there
 * is none.
 */
bool
outbox_source_read(Relation relation, StoredSource *source)
{
	MemoryContext destination = CurrentMemoryContext;
	Datum		relations = lineage(relation);
	Oid			user;
	int			security;
	bool		found;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(outbox_owner(), security | SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "cannot read the outbox's tables");
	found = query_source(relations, source, destination);
	SPI_finish();
	PopActiveSnapshot();
	SetUserIdAndSecContext(user, security);
	return found;
}
