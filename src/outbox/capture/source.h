/*
 * source.h
 *		What is captured of a relation, ready for use.
 */
#ifndef TRIPMETER_OUTBOX_SOURCE_H
#define TRIPMETER_OUTBOX_SOURCE_H

#include "outbox/capture/source_compile.h"

extern OutboxSource *outbox_source_of(Relation relation);
extern void outbox_source_release(OutboxSource *source);
extern void outbox_source_check(Relation relation);
extern void outbox_source_invalidate(Oid relation);

#endif							/* TRIPMETER_OUTBOX_SOURCE_H */
