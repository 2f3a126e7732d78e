/*
 * catalog.h
 *		The outbox's own tables, found and read by C.
 */
#ifndef TRIPMETER_OUTBOX_CATALOG_H
#define TRIPMETER_OUTBOX_CATALOG_H

#include "access/genam.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* What C reads of one of the outbox's tables, by the newest snapshot. */
typedef struct OutboxScan
{
	Relation	relation;
	Snapshot	snapshot;
	SysScanDesc scan;
} OutboxScan;

extern Oid	outbox_table(const char *name);
extern Oid	outbox_relation(const char *name);
extern Oid	outbox_function(const char *name, int count, const Oid *arguments);
extern Oid	outbox_owner(void);
extern void outbox_scan_begin(OutboxScan *scan, Oid relation);
extern HeapTuple outbox_scan_next(OutboxScan *scan);
extern bool outbox_scan_maybe(OutboxScan *scan, HeapTuple tuple, const char *column, Datum *value);
extern Datum outbox_scan_value(OutboxScan *scan, HeapTuple tuple, const char *column);
extern void outbox_scan_end(OutboxScan *scan);
extern void outbox_begin(void);

#endif							/* TRIPMETER_OUTBOX_CATALOG_H */
