/*
 * source.c
 *		What is captured of a relation: read from the outbox's tables and compiled once
 *		per backend, and again when something has changed.
 *
 * A change is noticed by callbacks: the relation's own, which outbox_attach()
 * and the others also send, those of the types that payloads and conditions were compiled
 * with, and any of a function, an operator, a cast, a label of an enum or a schema: a new
 * one may change what a condition means.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "outbox/capture/source.h"

/* A relation that this backend has captured changes of. */
typedef struct CacheEntry
{
	Oid			relation;		/* the key */
	uint64		changed_at;		/* the number of the change that concerned it last */
	OutboxSource *source;		/* in a context of its own; NULL before it is read */
} CacheEntry;

static HTAB *cache = NULL;

/* The number of messages of changes: it tells a source read before one from one read after. */
static uint64 changes = 0;

static bool
is_valid(const CacheEntry *entry)
{
	return entry->source != NULL && entry->source->read_at >= entry->changed_at;
}

/* For CacheRegisterRelcacheCallback: one relation, or all of them */
static void
forget_relation(Datum argument pg_attribute_unused(), Oid relation)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	changes++;
	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relation) || entry->relation == relation || entry->source == NULL ||
			outbox_depends_on_relation(&entry->source->dependencies, relation))
			entry->changed_at = changes;
}

/* For CacheRegisterSyscacheCallback: one type, or all of them */
static void
forget_type(Datum argument pg_attribute_unused(), int cacheid pg_attribute_unused(), uint32 hash)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	changes++;
	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (hash == 0 || entry->source == NULL ||
			outbox_depends_on_type(&entry->source->dependencies, hash))
			entry->changed_at = changes;
}

/* For CacheRegisterSyscacheCallback: any new one may change what a condition means */
static void
forget_all(Datum argument, int cacheid pg_attribute_unused(), uint32 hash pg_attribute_unused())
{
	forget_relation(argument, InvalidOid);
}

static void
create_cache(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid), .entrysize = sizeof(CacheEntry), .hcxt = CacheMemoryContext
	};

	if (cache != NULL)
		return;
	cache = hash_create("tripmeter outbox sources", 64, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, forget_type, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(OPEROID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(CASTSOURCETARGET, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

/*
 * Read and compile the source of a relation that is locked, in a memory context of its own
 * under the current one.  Conditions are read as the current user, under fixed settings: no
 * caller's search_path or quoting changes what they mean.
 */
static OutboxSource *
load_source(Relation relation, bool in_use)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox source",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	StoredSource stored = {0};
	OutboxSource *result;
	int			settings = outbox_settings_enter(SETTINGS_ALL);

	if (!outbox_source_read(relation, &stored))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not attached to the outbox",
						RelationGetRelationName(relation)),
				 errdetail("It has a trigger that captures its changes, "
						   "but nothing says what events they make."),
				 errhint("Attach it by tripmeter.outbox_attach(), or drop the triggers "
						 "that call tripmeter_internal.outbox_capture().")));
	result = outbox_source_compile(relation, &stored, in_use);
	/* with all that the parser called has set */
	outbox_settings_leave(settings, false);
	MemoryContextSwitchTo(old);
	return result;
}

/* Free a source, or let the transaction's end free it if a statement further out uses it. */
static void
discard(OutboxSource *source)
{
	MemoryContext context = GetMemoryChunkContext(source);

	if (source->users == 0)
		MemoryContextDelete(context);
	else
		MemoryContextSetParent(context, TopTransactionContext);
}

/*
 * Remove the entries that are out of date, so that relations that were dropped take no memory.
 * An entry whose source is being read, by a statement further out, may go too: it is made anew.
 */
static void
sweep(void)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (is_valid(entry))
			continue;
		if (entry->source != NULL)
			discard(entry->source);
		hash_search(cache, &entry->relation, HASH_REMOVE, NULL);
	}
}

/* Return the entry of a relation, which is made if there is none. */
static CacheEntry *
entry_of(Oid relation)
{
	bool		found;
	CacheEntry *entry = hash_search(cache, &relation, HASH_ENTER, &found);

	if (!found)
	{
		/* what was read before, may have missed the last change */
		entry->changed_at = changes;
		entry->source = NULL;
	}
	return entry;
}

/*
 * Read a source and put it into the cache.  What reading it runs may make messages of changes
 * or capture the same relation.  So a source is good for the statement it was read for, even
 * if a change came meanwhile, and good for the next one only if none came.
 */
static OutboxSource *
cache_source(Relation relation)
{
	CacheEntry *entry;
	OutboxSource *source;
	uint64		read_at;

	sweep();
	/* an entry without a source: messages concern it whatever they are about */
	(void) entry_of(RelationGetRelid(relation));
	read_at = changes;
	source = load_source(relation, true);
	source->read_at = read_at;
	MemoryContextSetParent(GetMemoryChunkContext(source), CacheMemoryContext);
	entry = entry_of(RelationGetRelid(relation));
	if (entry->source != NULL)
		discard(entry->source);
	return entry->source = source;
}

/*
 * Return what is captured of a relation that is locked.  It stays as it is, even if something
 * changes meanwhile, until it is released or, after an error, the transaction ends.
 */
OutboxSource *
outbox_source_of(Relation relation)
{
	CacheEntry *entry;
	OutboxSource *source;

	create_cache();
	entry = entry_of(RelationGetRelid(relation));
	source = is_valid(entry) ? entry->source : cache_source(relation);
	source->users++;
	return source;
}

/* Say that a source is no longer used. */
void
outbox_source_release(OutboxSource *source)
{
	Assert(source->users > 0);
	source->users--;
}

/*
 * Would the relation's source work?  An error if not.  To parse a condition may run code of
 * the table's owner, such as the checks of a domain whose values are in a literal: as that
 * role, as in the functions of an index, whoever called.
 */
void
outbox_source_check(Relation relation)
{
	Oid			user;
	int			security;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(relation->rd_rel->relowner, security | SECURITY_RESTRICTED_OPERATION);
	MemoryContextDelete(GetMemoryChunkContext(load_source(relation, false)));
	SetUserIdAndSecContext(user, security);
}

/* Make all backends read the source of a relation and its partitions again. */
void
outbox_source_invalidate(Oid relation)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relation, NoLock, NULL))
		CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
}
