/*
 * depends.h
 *		What a source was compiled with besides the columns of its relation.
 */
#ifndef TRIPMETER_OUTBOX_DEPENDS_H
#define TRIPMETER_OUTBOX_DEPENDS_H

#include "nodes/pg_list.h"

/* What to compile it again for. */
typedef struct OutboxDependencies
{
	List	   *types;			/* their hash values in the cache TYPEOID, as integers */
	List	   *relations;		/* the Oids of those that have a composite type's attributes */
} OutboxDependencies;

extern void outbox_depend_on_type(OutboxDependencies *dependencies, Oid type);
extern void outbox_depend_on_condition(OutboxDependencies *dependencies, List *condition);
extern bool outbox_depends_on_type(const OutboxDependencies *dependencies, uint32 hash);
extern bool outbox_depends_on_relation(const OutboxDependencies *dependencies, Oid relation);

#endif							/* TRIPMETER_OUTBOX_DEPENDS_H */
