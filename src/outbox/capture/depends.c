/*
 * depends.c
 *		The types that a source was compiled with.
 *
 * Every table that is created or dropped, also a temporary one, adds or removes types, and
 * every backend is told.  So a source is compiled again for the types that it has to do
 * with, and no others.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "outbox/capture/depends.h"

static void
depend_on_one(OutboxDependencies *dependencies, Oid type)
{
	dependencies->types = list_append_unique_int(dependencies->types,
												 (int) GetSysCacheHashValue1(TYPEOID, ObjectIdGetDatum(type)));
}

/* A type, what it is a domain over, its elements or its attributes. */
void
outbox_depend_on_type(OutboxDependencies *dependencies, Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	Oid			relation = get_typ_typrelid(base);

	depend_on_one(dependencies, type);
	depend_on_one(dependencies, base);
	if (OidIsValid(element))
		outbox_depend_on_type(dependencies, element);
	if (OidIsValid(relation))
		dependencies->relations = list_append_unique_oid(dependencies->relations, relation);
}

/* For expression_tree_walker: the nodes whose result may be of any type. */
static bool
visit(Node *node, void *dependencies)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_FuncExpr:
		case T_OpExpr:
		case T_NullIfExpr:
		case T_SubscriptingRef:
		case T_FieldSelect:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_ConvertRowtypeExpr:
		case T_CoerceToDomain:
		case T_RowExpr:
		case T_ArrayExpr:
		case T_CaseExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
			outbox_depend_on_type(dependencies, exprType(node));
			break;
		default:
			break;
	}
	return expression_tree_walker(node, visit, dependencies);
}

/* The types in a condition. */
void
outbox_depend_on_condition(OutboxDependencies *dependencies, List *condition)
{
	visit((Node *) condition, dependencies);
}

bool
outbox_depends_on_type(const OutboxDependencies *dependencies, uint32 hash)
{
	return list_member_int(dependencies->types, (int) hash);
}

bool
outbox_depends_on_relation(const OutboxDependencies *dependencies, Oid relation)
{
	return list_member_oid(dependencies->relations, relation);
}
