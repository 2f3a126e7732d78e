/*
 * follow_fn.c
 *		SQL: which relations are captured, while tables are attached and detached, and
 *		partitions come and go.
 *
 * A table is locked only after its owner is known to be the caller, and looked at again under the
 * lock: what was read before may have changed while this waited. Its owner may lock its
 * partitions, whoever owns them, as PostgreSQL's LOCK TABLE and TRUNCATE also have it.
 *
 * The event triggers read outbox_source by the newest snapshot: a transaction that began before a
 * table was attached may create a partition of it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/deparse_utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "outbox/capture/cover.h"
#include "outbox/ring/catalog.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_lock_table);
PG_FUNCTION_INFO_V1(tripmeter_outbox_cover);
PG_FUNCTION_INFO_V1(tripmeter_outbox_uncover);
PG_FUNCTION_INFO_V1(tripmeter_outbox_missing);
PG_FUNCTION_INFO_V1(tripmeter_outbox_follow);
PG_FUNCTION_INFO_V1(tripmeter_outbox_forget);

/* Return a relation's name for messages, with its schema unless it is found without. */
static char *
name_of(Oid relation)
{
	return DatumGetCString(DirectFunctionCall1(regclassout, ObjectIdGetDatum(relation)));
}

/* Return the table and the partitions below it; not the tables that inherit from it otherwise. */
static List *
members_of(Oid relation, LOCKMODE lock)
{
	if (get_rel_relkind(relation) != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(relation);
	return find_all_inheritors(relation, lock, NULL);
}

/* Check that a relation is a table whose changes can be captured, and that the caller owns it. */
static void
check_table(Oid caller, Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table does not exist"),
				 errdetail("No relation has OID %u. It may have been dropped meanwhile.", relation)));
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (!has_privs_of_role(caller, form->relowner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", name_of(relation))));
	if ((form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE) ||
		form->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("changes of \"%s\" cannot be captured", name_of(relation)),
				 errdetail("It is not a table that lasts, or a partitioned one.")));
	ReleaseSysCache(tuple);
}

/* Lock a table of the caller's and its partitions: for writing, or for all use. */
Datum
tripmeter_outbox_lock_table(PG_FUNCTION_ARGS)
{
	Oid			caller = PG_GETARG_OID(0);
	Oid			relation = PG_GETARG_OID(1);
	LOCKMODE	lock = PG_GETARG_BOOL(2) ? AccessExclusiveLock : ShareRowExclusiveLock;

	check_table(caller, relation);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a transaction of isolation level %s cannot change what is captured",
						IsolationIsSerializable() ? "serializable" : "repeatable read"),
				 errdetail("Its snapshot may be older than the rules of the table."),
				 errhint("Use READ COMMITTED.")));
	LockRelationOid(relation, lock);
	check_table(caller, relation);
	(void) members_of(relation, lock);
	PG_RETURN_VOID();
}

/* Check that all of these are tables. */
static void
check_members(Oid attached, List *members)
{
	ListCell   *cell;

	foreach(cell, members)
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("changes of \"%s\" cannot be captured", name_of(lfirst_oid(cell))),
					 errdetail("It is a foreign table, and a partition of table \"%s\", which the outbox captures.",
							   name_of(attached)),
					 errhint("Keep the foreign table out of the partitions, or detach the table "
							 "from the outbox by tripmeter.outbox_detach().")));
}

/* Create the triggers that a relation and its partitions lack. */
static void
cover_members(Oid attached, Oid relation)
{
	List	   *members = members_of(relation, NoLock);
	ListCell   *cell;

	check_members(attached, members);
	foreach(cell, members)
		outbox_cover(lfirst_oid(cell));
}

/* Drop the triggers of a relation and its partitions. */
static void
uncover_members(Oid relation)
{
	ListCell   *cell;

	foreach(cell, members_of(relation, NoLock))
		outbox_uncover(lfirst_oid(cell));
}

/* Return the relation that a function is given.  OID 0 would mean all of them further down. */
static Oid
relation_argument(FunctionCallInfo fcinfo)
{
	Oid			relation = PG_GETARG_OID(0);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table does not exist"),
				 errdetail("No relation has OID 0.")));
	return relation;
}

/* The table is locked. */
Datum
tripmeter_outbox_cover(PG_FUNCTION_ARGS)
{
	Oid			relation = relation_argument(fcinfo);

	cover_members(relation, relation);
	PG_RETURN_VOID();
}

/* The table is locked. */
Datum
tripmeter_outbox_uncover(PG_FUNCTION_ARGS)
{
	uncover_members(relation_argument(fcinfo));
	PG_RETURN_VOID();
}

Datum
tripmeter_outbox_missing(PG_FUNCTION_ARGS)
{
	char	   *missing = outbox_missing(relation_argument(fcinfo));

	if (missing == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(missing));
}

/* Return the one of these relations that is attached by now, or InvalidOid. */
static Oid
find_attached(List *relations)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	Oid			found = InvalidOid;

	outbox_scan_begin(&scan, outbox_table("outbox_source"));
	while (!OidIsValid(found) && (tuple = outbox_scan_next(&scan)) != NULL)
	{
		Oid			relation = DatumGetObjectId(outbox_scan_value(&scan, tuple, "relation"));

		if (list_member_oid(relations, relation))
			found = relation;
	}
	outbox_scan_end(&scan);
	return found;
}

/* Capture the changes of a relation that has become a partition of a captured table. */
static void
add_partition(Oid relation)
{
	List	   *ancestors = get_partition_ancestors(relation);
	Oid			attached;

	if (OidIsValid(find_attached(list_make1_oid(relation))))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("table \"%s\" is attached to the outbox", name_of(relation)),
				 errdetail("Changes that are made through table \"%s\" would not be captured.",
						   name_of(llast_oid(ancestors))),
				 errhint("Detach it first by tripmeter.outbox_detach(), and attach table \"%s\" instead.",
						 name_of(llast_oid(ancestors)))));
	attached = find_attached(ancestors);
	if (OidIsValid(attached))
		cover_members(attached, relation);
}

/* Stop capturing the changes of a relation that was a partition of a captured table. */
static void
remove_partition(Oid relation)
{
	if (!OidIsValid(find_attached(lcons_oid(relation, get_partition_ancestors(relation)))))
		uncover_members(relation);
}

/*
 * Tell whether this transaction holds a relation exclusively. PostgreSQL 15 does not say which
 * partition an ALTER TABLE attached or detached, but it holds that one.
 */
static bool
is_held(Oid relation)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(&tag, AccessExclusiveLock, false);
#else
	return LockHeldByMe(&tag, AccessExclusiveLock);
#endif
}

/* Follow the partition that was attached to a table. */
static void
follow_attached(Oid parent)
{
	ListCell   *cell;

	foreach(cell, find_inheritance_children(parent, NoLock))
		if (is_held(lfirst_oid(cell)))
			add_partition(lfirst_oid(cell));
}

/* Follow the partition that was detached: it is captured, and nothing says how any more. */
static void
follow_detached(void)
{
	ListCell   *cell;

	foreach(cell, outbox_covered())
		if (is_held(lfirst_oid(cell)))
			remove_partition(lfirst_oid(cell));
}

static void
follow_alter_table(Oid relation, List *subcommands)
{
	ListCell   *cell;

	foreach(cell, subcommands)
		switch (castNode(AlterTableCmd, ((CollectedATSubcmd *) lfirst(cell))->parsetree)->subtype)
		{
			case AT_AttachPartition:
				follow_attached(relation);
				break;
			case AT_DetachPartition:
			case AT_DetachPartitionFinalize:
				follow_detached();
				break;
			default:
				break;
		}
}

/* Follow a table that was created, if it is a partition. */
static void
follow_create(Oid relation, Node *statement)
{
	if ((IsA(statement, CreateStmt) || IsA(statement, CreateForeignTableStmt)) &&
		get_rel_relispartition(relation))
		add_partition(relation);
}

/*
 * Follow what a command did to partitions. Only the partitions that it created, attached or
 * detached are looked at: no other relation can make it fail.
 */
Datum
tripmeter_outbox_follow(PG_FUNCTION_ARGS)
{
	CollectedCommand *command = (CollectedCommand *) PG_GETARG_POINTER(0);

	if (command->type == SCT_AlterTable)
		follow_alter_table(command->d.alterTable.objectId, command->d.alterTable.subcmds);
	else if (command->type == SCT_Simple)
		follow_create(command->d.simple.address.objectId, command->parsetree);
	PG_RETURN_VOID();
}

/* Delete the rows of these relations from a table of the outbox, whatever the transaction sees. */
static void
delete_rows(const char *query, Datum relations)
{
	Oid			type = OIDARRAYOID;
	SPIPlanPtr	plan = SPI_prepare(query, 1, &type);

	if (plan == NULL ||
		SPI_execute_snapshot(plan, &relations, NULL, GetLatestSnapshot(), InvalidSnapshot,
							 false, true, 0) != SPI_OK_DELETE)
		elog(ERROR, "cannot write the outbox's tables");
}

/* Return an array of OIDs as a list. */
static List *
list_of(ArrayType *array)
{
	Datum	   *elements;
	int			count;
	List	   *list = NIL;

	deconstruct_array(array, OIDOID, sizeof(Oid), true, TYPALIGN_INT, &elements, NULL, &count);
	for (int i = 0; i < count; i++)
		list = lappend_oid(list, DatumGetObjectId(elements[i]));
	return list;
}

/*
 * Forget relations that are dropped. The rules are deleted first: the foreign key would fail on
 * those that are newer than the transaction's snapshot.
 */
Datum
tripmeter_outbox_forget(PG_FUNCTION_ARGS)
{
	Datum		relations = PG_GETARG_DATUM(0);

	if (!OidIsValid(find_attached(list_of(DatumGetArrayTypeP(relations)))))
		PG_RETURN_VOID();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "cannot write the outbox's tables");
	delete_rows("DELETE FROM tripmeter.outbox_rule WHERE relation OPERATOR(pg_catalog.=) ANY ($1)", relations);
	delete_rows("DELETE FROM tripmeter.outbox_source WHERE relation OPERATOR(pg_catalog.=) ANY ($1)", relations);
	SPI_finish();
	PG_RETURN_VOID();
}
