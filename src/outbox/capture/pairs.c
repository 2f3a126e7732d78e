/*
 * pairs.c
 *		The old and the new rows of an UPDATE, in pairs.
 *
 * The transition tables hold them in the same order.  But a row that moves to another
 * partition, where a trigger keeps it from being inserted, has an old row and no new
 * one.  Then rows are paired by the ids of their aggregates.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "outbox/capture/pairs.h"

/* The new rows of one aggregate that no old row has been found for. */
typedef struct Waiting
{
	char	   *id;				/* the key */
	List	   *rows;			/* of MinimalTuple, in their order */
} Waiting;

/* Begin to read a transition table; others may be reading it, at places of their own. */
void
outbox_rows_rewind(Tuplestorestate *rows)
{
	tuplestore_select_read_pointer(rows, tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND));
	tuplestore_rescan(rows);
}

/* For a hash table of strings by pointer */
static uint32
hash_id(const void *key, Size size pg_attribute_unused())
{
	return string_hash(*(char *const *) key, SIZE_MAX);
}

static int
compare_ids(const void *a, const void *b, Size size pg_attribute_unused())
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static HTAB *
collect(Tuplestorestate *rows, TupleTableSlot *row, OutboxKey *key)
{
	HASHCTL		control = {
		.keysize = sizeof(char *), .entrysize = sizeof(Waiting), .hash = hash_id, .match = compare_ids,
		.hcxt = CurrentMemoryContext
	};
	HTAB	   *waiting = hash_create("tripmeter outbox rows", 256, &control,
									  HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);

	outbox_rows_rewind(rows);
	while (tuplestore_gettupleslot(rows, true, false, row))
	{
		char	   *id = text_to_cstring(outbox_key_make(key, row));
		bool		found;
		Waiting    *entry = hash_search(waiting, &id, HASH_ENTER, &found);

		CHECK_FOR_INTERRUPTS();
		if (!found)
			entry->rows = NIL;
		entry->rows = lappend(entry->rows, ExecCopySlotMinimalTuple(row));
	}
	return waiting;
}

/* Pair rows whose aggregates have the same id; the others were deleted, or inserted. */
static void
visit_by_key(Tuplestorestate *old_rows, Tuplestorestate *new_rows, TupleTableSlot *old_row, TupleTableSlot *new_row,
			 OutboxKey *key, OutboxPairVisitor visit, void *argument)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox pairs", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HTAB	   *waiting = collect(new_rows, new_row, key);
	HASH_SEQ_STATUS status;
	Waiting    *entry;

	outbox_rows_rewind(old_rows);
	while (tuplestore_gettupleslot(old_rows, true, false, old_row))
	{
		char	   *id = text_to_cstring(outbox_key_make(key, old_row));

		entry = hash_search(waiting, &id, HASH_FIND, NULL);
		if (entry != NULL && entry->rows != NIL)
		{
			ExecStoreMinimalTuple(linitial(entry->rows), new_row, false);
			entry->rows = list_delete_first(entry->rows);
			visit(argument, old_row, new_row);
		}
		else
			visit(argument, old_row, NULL);
	}
	hash_seq_init(&status, waiting);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		ListCell   *cell;

		foreach(cell, entry->rows)
			visit(argument, NULL, ExecStoreMinimalTuple(lfirst(cell), new_row, false));
	}
	ExecClearTuple(new_row);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Visit the pairs of an UPDATE's transition tables. */
void
outbox_pairs_visit(Tuplestorestate *old_rows, Tuplestorestate *new_rows, TupleDesc descriptor,
				   OutboxKey *key, OutboxPairVisitor visit, void *argument)
{
	TupleTableSlot *old_row = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
	TupleTableSlot *new_row = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);

	if (tuplestore_tuple_count(old_rows) == tuplestore_tuple_count(new_rows))
	{
		outbox_rows_rewind(old_rows);
		outbox_rows_rewind(new_rows);
		while (tuplestore_gettupleslot(old_rows, true, false, old_row) &&
			   tuplestore_gettupleslot(new_rows, true, false, new_row))
			visit(argument, old_row, new_row);
	}
	else
		visit_by_key(old_rows, new_rows, old_row, new_row, key, visit, argument);
	ExecDropSingleTupleTableSlot(old_row);
	ExecDropSingleTupleTableSlot(new_row);
}
