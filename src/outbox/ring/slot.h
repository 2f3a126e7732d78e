/*
 * slot.h
 *		Where events are written: the era, and the current slot of the ring.
 */
#ifndef TRIPMETER_OUTBOX_SLOT_H
#define TRIPMETER_OUTBOX_SLOT_H

#include "utils/rel.h"

extern int32 outbox_current_era(void);
extern Relation outbox_open_slot(int16 *slot);
extern Oid	outbox_sequence(void);

#endif							/* TRIPMETER_OUTBOX_SLOT_H */
