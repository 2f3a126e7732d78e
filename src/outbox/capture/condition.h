/*
 * condition.h
 *		The conditions of rules: SQL over OLD and NEW, as in the WHEN of a trigger.
 */
#ifndef TRIPMETER_OUTBOX_CONDITION_H
#define TRIPMETER_OUTBOX_CONDITION_H

#include "nodes/pg_list.h"
#include "utils/rel.h"

/* What happens to a row. */
typedef enum OutboxOperation
{
	OUTBOX_INSERT, OUTBOX_UPDATE, OUTBOX_DELETE, OUTBOX_OPERATIONS
} OutboxOperation;

extern List *outbox_condition_parse(Relation relation, OutboxOperation operation, const char *text, bool shown);

#endif							/* TRIPMETER_OUTBOX_CONDITION_H */
