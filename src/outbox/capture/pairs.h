/*
 * pairs.h
 *		The old and the new rows of an UPDATE, in pairs.
 */
#ifndef TRIPMETER_CAPTURE_PAIRS_H
#define TRIPMETER_CAPTURE_PAIRS_H

#include "utils/tuplestore.h"

#include "outbox/capture/payload.h"

/* One of the rows is NULL where the other has no counterpart. */
typedef void (*OutboxPairVisitor) (void *argument, TupleTableSlot *old_row, TupleTableSlot *new_row);

extern void outbox_rows_rewind(Tuplestorestate *rows);
extern void outbox_pairs_visit(Tuplestorestate *old_rows, Tuplestorestate *new_rows, TupleDesc descriptor,
							   OutboxKey *key, OutboxPairVisitor visit, void *argument);

#endif							/* TRIPMETER_CAPTURE_PAIRS_H */
