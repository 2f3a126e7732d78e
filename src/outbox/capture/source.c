/*
 * source.c
 *		What is captured of a relation: read from the outbox's tables and compiled once
 *		per backend, and again when something has changed.
 *
 * A partition has the source of the ancestor that is attached, but columns of its own
 * numbers.  A change is noticed by callbacks: the relation's own, which outbox_attach()
 * and the others also send, those of the types that payloads and conditions were compiled
 * with, and any of a function, an operator, a cast, a label of an enum or a schema: a new
 * one may change what a condition means.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "outbox/ring/catalog.h"
#include "outbox/capture/source.h"

/* One of the relations that this backend has captured changes of. */
typedef struct CacheEntry
{
	Oid			relation;		/* the key */
	bool		valid;
	OutboxSource *source;		/* NULL while it is read, or in a context of its own */
} CacheEntry;

static HTAB *cache = NULL;

/* A rule as it is stored. */
typedef struct StoredRule
{
	char	   *type;
	OutboxOperation operation;
	char	   *condition;		/* or NULL */
	ArrayType  *columns;		/* or NULL: those of the source */
	int32		schemaversion;
} StoredRule;

/* A source as it is stored. */
typedef struct StoredSource
{
	Oid			attached;
	char	   *aggregatetype;
	ArrayType  *key;
	char	   *version;		/* or NULL */
	ArrayType  *columns;		/* or NULL: all */
	bool		truncatable;
	int			rule_count;
	StoredRule *rules;
} StoredSource;

/* For CacheRegisterRelcacheCallback: one relation, or all of them */
static void
forget_relation(Datum argument pg_attribute_unused(), Oid relation)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || entry->relation == relation || entry->source == NULL ||
			outbox_depends_on_relation(&entry->source->dependencies, relation))
			entry->valid = false;
}

/* For CacheRegisterSyscacheCallback: one type, or all of them */
static void
forget_type(Datum argument pg_attribute_unused(), int cacheid pg_attribute_unused(), uint32 hash)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (hash == 0 || entry->source == NULL || outbox_depends_on_type(&entry->source->dependencies, hash))
			entry->valid = false;
}

/* For CacheRegisterSyscacheCallback: what a new one may have changed the meaning of */
static void
forget_all(Datum argument, int cacheid pg_attribute_unused(), uint32 hash pg_attribute_unused())
{
	forget_relation(argument, InvalidOid);
}

static void
create_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(CacheEntry), .hcxt = CacheMemoryContext};

	if (cache != NULL)
		return;
	cache = hash_create("tripmeter outbox sources", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, forget_type, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(OPEROID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(CASTSOURCETARGET, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

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
	List	   *ancestors = relation->rd_rel->relispartition ? get_partition_ancestors(RelationGetRelid(relation)) : NIL;
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
static bool
read_source(Relation relation, StoredSource *source)
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

/* Where a name that is looked up comes from, for messages. */
typedef struct NameOrigin
{
	Relation	relation;
	const char *rule;			/* or NULL: the source itself */
	bool		in_use;			/* not just being set */
} NameOrigin;

/* What to do about a source that was right once. */
static int
hint_way_out(const NameOrigin *origin)
{
	return origin->rule ? errhint("Set the rule again by tripmeter.outbox_rule(), or remove it by tripmeter.outbox_unrule().") :
		errhint("Attach the relation again, by tripmeter.outbox_detach() and tripmeter.outbox_attach().");
}

/* The number of a column that must be there. */
static AttrNumber
column_number(const NameOrigin *origin, const char *name)
{
	TupleDesc	descriptor = RelationGetDescr(origin->relation);

	for (int i = 0; i < descriptor->natts; i++)
		if (!TupleDescAttr(descriptor, i)->attisdropped && strcmp(NameStr(TupleDescAttr(descriptor, i)->attname), name) == 0)
			return i + 1;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist", name, RelationGetRelationName(origin->relation)),
			 origin->rule ? errdetail("Rule \"%s\" of the outbox names it.", origin->rule) :
			 origin->in_use ? errdetail("The outbox captures the relation by it.") : 0,
			 origin->in_use ? hint_way_out(origin) : 0));
}

/* Is this a column whose values are in the rows that triggers see? */
static bool
is_readable(Form_pg_attribute attribute)
{
#if PG_VERSION_NUM >= 180000
	if (attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
		return false;
#endif
	return !attribute->attisdropped;
}

/* The number of a column that must be there, and readable. */
static AttrNumber
readable_column(const NameOrigin *origin, const char *name)
{
	AttrNumber	number = column_number(origin, name);

	if (!is_readable(TupleDescAttr(RelationGetDescr(origin->relation), number - 1)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" is a virtual generated column", name),
				 errdetail("Triggers do not see its values."),
				 errhint("Name the columns that it is generated from, or a stored one.")));
	return number;
}

/* The numbers of the columns that an array names, each once. */
static AttrNumber *
named_columns(const NameOrigin *origin, ArrayType *names, int *count)
{
	Datum	   *elements;
	AttrNumber *numbers;
	int			length;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &length);
	numbers = palloc(sizeof(AttrNumber) * Max(length, 1));
	*count = 0;
	for (int i = 0; i < length; i++)
	{
		char	   *name = TextDatumGetCString(elements[i]);
		AttrNumber	number = readable_column(origin, name);

		for (int j = 0; j < *count; j++)
			if (numbers[j] == number)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" is named twice", name)));
		numbers[(*count)++] = number;
	}
	return numbers;
}

/* The payload of these columns, or of all. */
static OutboxPayload *
compile_payload(const NameOrigin *origin, ArrayType *names)
{
	TupleDesc	descriptor = RelationGetDescr(origin->relation);
	AttrNumber *numbers;
	int			count = 0;

	if (names != NULL)
		numbers = named_columns(origin, names, &count);
	else
	{
		numbers = palloc(sizeof(AttrNumber) * Max(descriptor->natts, 1));
		for (int i = 0; i < descriptor->natts; i++)
			if (is_readable(TupleDescAttr(descriptor, i)))
				numbers[count++] = i + 1;
	}
	return outbox_payload_compile(descriptor, numbers, count);
}

/* Say which rule an error is about. */
static void
name_rule(void *argument)
{
	NameOrigin *origin = argument;

	errcontext("condition of rule \"%s\" of the outbox, on relation \"%s\"", origin->rule, RelationGetRelationName(origin->relation));
	if (origin->in_use)
		hint_way_out(origin);
}

static OutboxRule
compile_rule(Relation relation, StoredSource *source, StoredRule *stored, bool in_use)
{
	NameOrigin	origin = {.relation = relation, .rule = stored->type, .in_use = in_use};
	NameOrigin	source_origin = {.relation = relation, .in_use = in_use};
	OutboxRule	rule = {
		.type = cstring_to_text(stored->type),
		.schemaversion = stored->schemaversion,
		.payload = stored->columns != NULL ? compile_payload(&origin, stored->columns) :
		compile_payload(&source_origin, source->columns)
	};

	if (stored->condition != NULL)
	{
		ErrorContextCallback callback = {.previous = error_context_stack, .callback = name_rule, .arg = &origin};

		error_context_stack = &callback;
		rule.condition = outbox_condition_parse(relation, stored->operation, stored->condition);
		error_context_stack = callback.previous;
	}
	return rule;
}

/* Without a rule: created, updated and deleted, with the whole row. */
static void
add_default_rules(StoredSource *source)
{
	static const char *const events[OUTBOX_OPERATIONS] = {"created", "updated", "deleted"};

	source->rule_count = OUTBOX_OPERATIONS;
	source->rules = palloc0(sizeof(StoredRule) * OUTBOX_OPERATIONS);
	for (int i = 0; i < OUTBOX_OPERATIONS; i++)
	{
		source->rules[i].type = psprintf("%s.%s", source->aggregatetype, events[i]);
		source->rules[i].operation = i;
		source->rules[i].schemaversion = 1;
	}
}

/* The column that an aggregate's version is in. */
static void
compile_version(OutboxSource *result, const NameOrigin *origin, const char *name)
{
	Form_pg_attribute attribute;

	result->version = readable_column(origin, name);
	attribute = TupleDescAttr(RelationGetDescr(origin->relation), result->version - 1);
	result->version_type = getBaseType(attribute->atttypid);
	if (result->version_type != INT2OID && result->version_type != INT4OID && result->version_type != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot be the version of an aggregate", name),
				 errdetail("It is of type %s, not an integer.", format_type_be(attribute->atttypid))));
}

/*
 * PostgreSQL keeps a row that goes through a partitioned table as it was before its
 * partition computed the stored generated columns, unless both have the same columns in
 * the same order.
 */
static void
compile_generated(OutboxSource *result, Relation relation)
{
	TupleDesc	descriptor = RelationGetDescr(relation);

	if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE ||
		descriptor->constr == NULL || !descriptor->constr->has_generated_stored)
		return;
	result->generated = palloc(sizeof(OutboxGenerated) * descriptor->natts);
	for (int i = 0; i < descriptor->natts; i++)
		if (TupleDescAttr(descriptor, i)->attgenerated == ATTRIBUTE_GENERATED_STORED)
			result->generated[result->generated_count++] =
				(OutboxGenerated) {i + 1, (Expr *) build_column_default(relation, i + 1)};
}

/* The types of the columns; conditions may add others. */
static void
compile_dependencies(OutboxSource *result, TupleDesc descriptor)
{
	for (int i = 0; i < descriptor->natts; i++)
		if (!TupleDescAttr(descriptor, i)->attisdropped)
			outbox_depend_on_type(&result->dependencies, TupleDescAttr(descriptor, i)->atttypid);
}

/* Compile what was read, in the current memory context. */
static OutboxSource *
compile_source(Relation relation, StoredSource *stored, bool in_use)
{
	NameOrigin	origin = {.relation = relation, .in_use = in_use};
	OutboxSource *result = palloc0(sizeof(OutboxSource));
	AttrNumber *key;
	int			key_count;

	result->attached = stored->attached;
	result->aggregatetype = cstring_to_text(stored->aggregatetype);
	key = named_columns(&origin, stored->key, &key_count);
	result->key = outbox_key_compile(RelationGetDescr(relation), key, key_count);
	if (stored->version != NULL)
		compile_version(result, &origin, stored->version);
	result->truncatable = stored->truncatable;
	compile_generated(result, relation);
	compile_dependencies(result, RelationGetDescr(relation));

	if (stored->rule_count == 0)
		add_default_rules(stored);
	for (int i = 0; i < OUTBOX_OPERATIONS; i++)
		result->rules[i] = palloc(sizeof(OutboxRule) * stored->rule_count);
	for (int i = 0; i < stored->rule_count; i++)
	{
		OutboxOperation operation = stored->rules[i].operation;
		OutboxRule *rule = &result->rules[operation][result->rule_count[operation]++];

		*rule = compile_rule(relation, stored, &stored->rules[i], in_use);
		outbox_depend_on_condition(&result->dependencies, rule->condition);
	}
	return result;
}

/*
 * Read and compile the source of a relation that is locked, in a memory context of its
 * own under the current one.  Conditions find their names as the current user, in
 * pg_catalog alone, so that no caller's search_path changes what they mean.
 */
static OutboxSource *
load_source(Relation relation, bool in_use)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox source", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	StoredSource stored = {0};
	OutboxSource *result;
	int			settings = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (!read_source(relation, &stored))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not attached to the outbox", RelationGetRelationName(relation)),
				 errdetail("It has a trigger that captures its changes, but nothing says what events they make."),
				 errhint("Attach it by tripmeter.outbox_attach(), or drop the triggers that call tripmeter.outbox_capture().")));
	result = compile_source(relation, &stored, in_use);
	/* and what the parser called may have set */
	AtEOXact_GUC(false, settings);
	MemoryContextSwitchTo(old);
	return result;
}

/*
 * What is captured of a relation that is locked.  It stays as it is until the
 * transaction ends, even if something changes meanwhile.
 */
OutboxSource *
outbox_source_of(Relation relation)
{
	Oid			key = RelationGetRelid(relation);
	CacheEntry *entry;
	OutboxSource *source;
	bool		found;

	create_cache();
	entry = hash_search(cache, &key, HASH_ENTER, &found);
	if (found && entry->valid && entry->source != NULL)
		return entry->source;

	/* one that is out of date may still be in use, by a statement around this one */
	if (found && entry->source != NULL)
		MemoryContextSetParent(GetMemoryChunkContext(entry->source), TopTransactionContext);
	entry->source = NULL;
	/* what changes while it is loaded, makes it invalid again */
	entry->valid = true;
	source = load_source(relation, true);
	entry = hash_search(cache, &key, HASH_FIND, NULL);
	MemoryContextSetParent(GetMemoryChunkContext(source), CacheMemoryContext);
	return entry->source = source;
}

/*
 * Would the relation's source work?  An error if not.  To parse a condition may run code of
 * the table's owner, such as the checks of a domain whose values are in a literal: as that
 * role, as in the functions of an index, whoever called.
 */
void
outbox_source_check(Relation relation)
{
	Oid			user;
	int			security;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(relation->rd_rel->relowner, security | SECURITY_RESTRICTED_OPERATION);
	MemoryContextDelete(GetMemoryChunkContext(load_source(relation, false)));
	SetUserIdAndSecContext(user, security);
}

/* Make all backends read the source of a relation and its partitions again. */
void
outbox_source_invalidate(Oid relation)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relation, NoLock, NULL))
		CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
}
