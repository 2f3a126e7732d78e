/*
 * marks.h
 *		What the events of a transaction are marked with: settings.
 */
#ifndef TRIPMETER_OUTBOX_MARKS_H
#define TRIPMETER_OUTBOX_MARKS_H

/* In the order of the outbox's columns */
typedef enum OutboxMark
{
	MARK_TRACEPARENT, MARK_TRACESTATE, MARK_CORRELATIONID, MARK_CAUSATIONID, OUTBOX_MARKS
} OutboxMark;

extern void outbox_marks_define(void);
extern text *outbox_mark(OutboxMark mark);

#endif							/* TRIPMETER_OUTBOX_MARKS_H */
