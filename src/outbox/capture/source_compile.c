/*
 * source_compile.c
 *		Compile what is captured of a relation: its columns, payloads and conditions.
 *
 * A partition has columns of its own numbers.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "outbox/capture/source_compile.h"

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

/*
 * May the current user see the conditions of a relation?  Who may only write to it does not learn
 * them from an error.
 */
static bool
sees_conditions(Oid attached)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(attached));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = has_privs_of_role(GetUserId(), ((Form_pg_class) GETSTRUCT(tuple))->relowner);
	ReleaseSysCache(tuple);
	return result;
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
		rule.condition = outbox_condition_parse(relation, stored->operation, stored->condition,
												sees_conditions(source->attached));
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
OutboxSource *
outbox_source_compile(Relation relation, StoredSource *stored, bool in_use)
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
		result->settings = Max(result->settings, rule->payload->settings);
		result->settings = Max(result->settings, outbox_settings_of_condition(rule->condition));
	}
	return result;
}
