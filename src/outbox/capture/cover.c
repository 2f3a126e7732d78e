/*
 * cover.c
 *		The triggers that capture the changes of one relation: make, drop and check them.
 *
 * A trigger is known by its function and its event, because its owner may rename it. All of this
 * goes by OID: a name may mean another relation by the time it is looked up. It reads the catalogs
 * as they are now: the transaction's own snapshot may be older than the triggers.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"

#include "outbox/capture/cover.h"
#include "outbox/ring/catalog.h"

/* A trigger that a captured relation needs. */
typedef struct CaptureTrigger
{
	const char *name;			/* the one it is given */
	int16		type;			/* when it fires: pg_trigger.tgtype */
	const char *old_rows;		/* its transition tables; NULL: it has none */
	const char *new_rows;
} CaptureTrigger;

static const CaptureTrigger capture_triggers[] = {
	{"tripmeter_outbox_delete", TRIGGER_TYPE_DELETE, "old_rows", NULL},
	{"tripmeter_outbox_insert", TRIGGER_TYPE_INSERT, NULL, "new_rows"},
	{"tripmeter_outbox_truncate", TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE, NULL, NULL},
	{"tripmeter_outbox_update", TRIGGER_TYPE_UPDATE, "old_rows", "new_rows"},
};

static List *
capture_function(void)
{
	return list_make2(makeString("tripmeter_internal"), makeString("outbox_capture"));
}

/* Return the rows of pg_trigger that call outbox_capture(): of one relation, or of all. */
static List *
find_triggers(Oid relation)
{
	Oid			function = outbox_function("outbox_capture", 0, NULL);
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	List	   *found = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, OidIsValid(relation), NULL,
							  OidIsValid(relation) ? 1 : 0, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid == function)
			found = lappend(found, heap_copytuple(tuple));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* Return the trigger that a list's cell holds. */
static Form_pg_trigger
trigger_of(const ListCell *cell)
{
	return (Form_pg_trigger) GETSTRUCT((HeapTuple) lfirst(cell));
}

/* Return the one of these that does what is needed, or NULL. */
static Form_pg_trigger
find_needed(List *triggers, const CaptureTrigger *needed)
{
	ListCell   *cell;

	foreach(cell, triggers)
	{
		Form_pg_trigger form = trigger_of(cell);

		if (form->tgtype == needed->type)
			return form;
	}
	return NULL;
}

/* Add a transition table, unless it has no name. */
static List *
add_transition(List *transitions, const char *name, bool is_new)
{
	TriggerTransition *transition;

	if (name == NULL)
		return transitions;
	transition = makeNode(TriggerTransition);
	transition->name = pstrdup(name);
	transition->isNew = is_new;
	transition->isTable = true;
	return lappend(transitions, transition);
}

static void
create_trigger(Oid relation, const CaptureTrigger *needed)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);
	char	   *name = pstrdup(needed->name);

	/* the owner may have a trigger of this name */
	while (OidIsValid(get_trigger_oid(relation, name, true)))
		name = psprintf("%s_", name);
	statement->trigname = name;
	statement->funcname = capture_function();
	statement->timing = needed->type & TRIGGER_TYPE_TIMING_MASK;
	statement->events = needed->type & TRIGGER_TYPE_EVENT_MASK;
	statement->transitionRels = add_transition(NIL, needed->old_rows, false);
	statement->transitionRels = add_transition(statement->transitionRels, needed->new_rows, true);
	CreateTrigger(statement, NULL, relation, InvalidOid, InvalidOid, InvalidOid, InvalidOid, InvalidOid,
				  NULL, false, false);
	CommandCounterIncrement();
}

/* Create the triggers that a relation lacks, as the current user. */
void
outbox_cover(Oid relation)
{
	List	   *triggers = find_triggers(relation);

	for (size_t i = 0; i < lengthof(capture_triggers); i++)
		if (find_needed(triggers, &capture_triggers[i]) == NULL)
			create_trigger(relation, &capture_triggers[i]);
}

/* Drop the triggers of a relation. */
void
outbox_uncover(Oid relation)
{
	ListCell   *cell;

	foreach(cell, find_triggers(relation))
	{
		ObjectAddress trigger;

		ObjectAddressSet(trigger, TriggerRelationId, trigger_of(cell)->oid);
		performDeletion(&trigger, DROP_RESTRICT, 0);
	}
}

/* Return the relations that have such a trigger. */
List *
outbox_covered(void)
{
	List	   *relations = NIL;
	ListCell   *cell;

	foreach(cell, find_triggers(InvalidOid))
		relations = list_append_unique_oid(relations, trigger_of(cell)->tgrelid);
	return relations;
}

/* Tell what keeps changes of a relation from being captured; NULL: nothing. */
char *
outbox_missing(Oid relation)
{
	List	   *triggers = find_triggers(relation);
	StringInfoData result;

	initStringInfo(&result);
	for (size_t i = 0; i < lengthof(capture_triggers); i++)
	{
		Form_pg_trigger form = find_needed(triggers, &capture_triggers[i]);
		const char *separator = result.len > 0 ? "; " : "";

		if (form == NULL)
			appendStringInfo(&result, "%strigger %s does not exist", separator, capture_triggers[i].name);
		else if (form->tgenabled == TRIGGER_DISABLED)
			appendStringInfo(&result, "%strigger %s is disabled", separator, NameStr(form->tgname));
		else if (form->tgenabled == TRIGGER_FIRES_ON_REPLICA)
			appendStringInfo(&result, "%strigger %s fires in replicas alone", separator, NameStr(form->tgname));
	}
	return result.len > 0 ? result.data : NULL;
}
