/*
 * source_read.h
 *		What is captured of a relation, as the outbox's tables have it.
 */
#ifndef TRIPMETER_OUTBOX_SOURCE_READ_H
#define TRIPMETER_OUTBOX_SOURCE_READ_H

#include "utils/array.h"
#include "utils/rel.h"

#include "outbox/capture/condition.h"

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

extern bool outbox_source_read(Relation relation, StoredSource *source);

#endif							/* TRIPMETER_OUTBOX_SOURCE_READ_H */
