/*
 * condition.c
 *		The conditions of rules: SQL over OLD and NEW, as in the WHEN of a trigger.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#if PG_VERSION_NUM >= 180000
#include "rewrite/rewriteHandler.h"
#endif

#include "outbox/capture/condition.h"

/* A condition that is parsed */
typedef struct Condition
{
	const char *text;
	bool		shown;			/* in messages */
} Condition;

/* Report error positions relative to the rule's condition, not to the query. */
static void
move_error_position(void *argument)
{
	const Condition *condition = argument;
	int			position = geterrposition();

	if (position <= 0)
		return;
	errposition(0);
	if (condition->shown)
	{
		internalerrposition(position);
		internalerrquery(condition->text);
	}
}

/* Return the one expression that a condition is, unparsed. */
static Node *
read_expression(const Condition *condition)
{
	RawStmt    *statement = linitial_node(RawStmt, raw_parser(condition->text, RAW_PARSE_PLPGSQL_EXPR));
	SelectStmt *select = castNode(SelectStmt, statement->stmt);
	ResTarget  *target = list_length(select->targetList) == 1 ? linitial_node(ResTarget, select->targetList) : NULL;

	/* what the grammar takes after an expression, as after SELECT */
	if (target == NULL || target->name != NULL || select->distinctClause != NIL || select->fromClause != NIL ||
		select->whereClause != NULL || select->groupClause != NIL || select->havingClause != NULL ||
		select->windowClause != NIL || select->sortClause != NIL || select->limitOffset != NULL ||
		select->limitCount != NULL || select->lockingClause != NIL || select->op != SETOP_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a condition of the outbox is one expression"),
				 condition->shown ? errdetail("\"%s\" is not.", condition->text) : 0,
				 errhint("Write what would stand in the WHEN of a trigger, such as OLD.status IS DISTINCT FROM NEW.status.")));
	return target->val;
}

/* OLD is 1 and NEW is 2 for the parser, as for a trigger. */
static void
check_variables(ParseState *state, Node *clause, OutboxOperation operation)
{
	ListCell   *cell;

	foreach(cell, pull_var_clause(clause, 0))
	{
		Var		   *variable = lfirst_node(Var, cell);

		if (variable->varno == PRS2_OLD_VARNO && operation == OUTBOX_INSERT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("the condition of an event on insert cannot name OLD"),
					 errhint("Set one rule for insert, and another for the other operations."),
					 parser_errposition(state, variable->location)));
		if (variable->varno == PRS2_NEW_VARNO && operation == OUTBOX_DELETE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("the condition of an event on delete cannot name NEW"),
					 errhint("Set one rule for delete, and another for the other operations."),
					 parser_errposition(state, variable->location)));
		if (variable->varattno < 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the condition of an event cannot name a system column"),
					 parser_errposition(state, variable->location)));
	}
}

/*
 * Parse a condition on the rows of a relation that is locked: what ExecPrepareQual takes,
 * with the old row as the inner tuple and the new one as the outer.  The caller has set
 * the search_path.
 */
List *
outbox_condition_parse(Relation relation, OutboxOperation operation, const char *text,
					   bool shown)
{
	Condition	condition = {text, shown};
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = move_error_position,
		.arg = &condition
	};
	ParseState *state = make_parsestate(NULL);
	Node	   *clause;

	error_context_stack = &callback;
	state->p_sourcetext = text;
	addNSItemToQuery(state, addRangeTableEntryForRelation(state, relation, AccessShareLock, makeAlias("old", NIL),
														  false, false), false, true, true);
	addNSItemToQuery(state, addRangeTableEntryForRelation(state, relation, AccessShareLock, makeAlias("new", NIL),
														  false, false), false, true, true);
	clause = transformWhereClause(state, read_expression(&condition), EXPR_KIND_TRIGGER_WHEN, "the condition");
	assign_expr_collations(state, clause);
	check_variables(state, clause, operation);
	free_parsestate(state);
	error_context_stack = callback.previous;

#if PG_VERSION_NUM >= 180000
	clause = expand_generated_columns_in_expr(clause, relation, PRS2_OLD_VARNO);
	clause = expand_generated_columns_in_expr(clause, relation, PRS2_NEW_VARNO);
#endif
	ChangeVarNodes(clause, PRS2_OLD_VARNO, INNER_VAR, 0);
	ChangeVarNodes(clause, PRS2_NEW_VARNO, OUTER_VAR, 0);
	return make_ands_implicit((Expr *) clause);
}
