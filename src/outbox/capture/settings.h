/*
 * settings.h
 *		The settings under which conditions and values are read and written.
 */
#ifndef TRIPMETER_OUTBOX_SETTINGS_H
#define TRIPMETER_OUTBOX_SETTINGS_H

#include "nodes/pg_list.h"

/* Which settings something may depend on, in the order of their number. */
typedef enum OutboxSettings
{
	SETTINGS_NONE,
	SETTINGS_OF_VALUES,			/* those that decide how values are written */
	SETTINGS_ALL
} OutboxSettings;

extern int	outbox_settings_enter(OutboxSettings which);
extern void outbox_settings_leave(int level, bool keep);
extern OutboxSettings outbox_settings_of_type(Oid type);
extern OutboxSettings outbox_settings_of_condition(List *condition);

#endif							/* TRIPMETER_OUTBOX_SETTINGS_H */
