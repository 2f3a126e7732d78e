/*
 * tripmeter.h
 *		The settings that every room may read.
 */
#ifndef TRIPMETER_H
#define TRIPMETER_H

extern int	tripmeter_max_state_mb;

/* What events are marked with; NULL or empty: nothing */
extern char *tripmeter_traceparent;
extern char *tripmeter_tracestate;
extern char *tripmeter_correlationid;
extern char *tripmeter_causationid;

#endif							/* TRIPMETER_H */
