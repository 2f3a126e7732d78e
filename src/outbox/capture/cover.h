/*
 * cover.h
 *		The triggers that capture the changes of one relation.
 */
#ifndef TRIPMETER_OUTBOX_COVER_H
#define TRIPMETER_OUTBOX_COVER_H

#include "nodes/pg_list.h"

extern void outbox_cover(Oid relation);
extern void outbox_uncover(Oid relation);
extern List *outbox_covered(void);
extern char *outbox_missing(Oid relation);

#endif							/* TRIPMETER_OUTBOX_COVER_H */
