/*
 * agg_state.h
 *		What every aggregate does with its state, whatever it collects.
 */
#ifndef TRIPMETER_AGG_STATE_H
#define TRIPMETER_AGG_STATE_H

#include "lib/stringinfo.h"

#include "compat.h"

/* The context that the states of this aggregate live in. */
static inline MemoryContext
state_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "function of an aggregate called outside of one");
	return context;
}

/* A state; NULL before the first row. */
static inline void *
state_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_POINTER(arg);
}

/* A message over the bytes of a serialized state, which are not copied. */
static inline StringInfo
message_argument(FunctionCallInfo fcinfo, int arg)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(arg);
	StringInfo	in = palloc(sizeof(StringInfoData));

	in->data = VARDATA_ANY(bytes);
	in->len = in->maxlen = VARSIZE_ANY_EXHDR(bytes);
	in->cursor = 0;
	return in;
}

#endif							/* TRIPMETER_AGG_STATE_H */
