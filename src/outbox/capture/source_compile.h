/*
 * source_compile.h
 *		What is captured of a relation, ready for use.
 */
#ifndef TRIPMETER_OUTBOX_SOURCE_COMPILE_H
#define TRIPMETER_OUTBOX_SOURCE_COMPILE_H

#include "outbox/capture/condition.h"
#include "outbox/capture/depends.h"
#include "outbox/capture/payload.h"
#include "outbox/capture/source_read.h"

/* An event that a change of a row may make. */
typedef struct OutboxRule
{
	text	   *type;
	List	   *condition;		/* for ExecPrepareQual; NIL: always */
	OutboxPayload *payload;
	int32		schemaversion;
} OutboxRule;

/* A stored generated column, and what computes it from a row. */
typedef struct OutboxGenerated
{
	AttrNumber	number;
	Expr	   *expression;		/* for ExecPrepareExpr */
} OutboxGenerated;

/* A relation's source, with the columns' numbers in that relation itself. */
typedef struct OutboxSource
{
	Oid			attached;		/* the relation, or the ancestor that is attached */
	text	   *aggregatetype;
	OutboxKey  *key;
	AttrNumber	version;		/* 0: no version */
	Oid			version_type;
	bool		truncatable;
	int			rule_count[OUTBOX_OPERATIONS];
	OutboxRule *rules[OUTBOX_OPERATIONS];
	int			generated_count;	/* those that inserted rows may lack: of partitioned tables */
	OutboxGenerated *generated;
	OutboxSettings settings;	/* those that a condition or a payload may depend on */
	OutboxDependencies dependencies;
	/* the cache's */
	uint64		read_at;		/* the number of the last change before it was read */
	int			users;			/* statements that use it */
} OutboxSource;

extern OutboxSource *outbox_source_compile(Relation relation, StoredSource *stored, bool in_use);

#endif							/* TRIPMETER_OUTBOX_SOURCE_COMPILE_H */
