/*
 * compat.h
 *		Gives PostgreSQL 15 what later versions have.
 *
 * Include it instead of fmgr.h and varatt.h.
 */
#ifndef TRIPMETER_COMPAT_H
#define TRIPMETER_COMPAT_H

#include "fmgr.h"
#include "nodes/nodes.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#else

/*
 * The library hides its symbols, so that no other library in the process can
 * capture them.  Those that the server looks up by name are the exception.
 */
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))

#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname)(void) \
{ \
	static const Pg_finfo_record my_finfo = {1}; \
	return &my_finfo; \
} \
extern int no_such_variable

/* A caller that wants no error cannot say so: there are no soft errors. */
#define errsave(escontext, ...) \
	do { (void) (escontext); ereport(ERROR, __VA_ARGS__); } while (0)
#define ereturn(escontext, dummy_value, ...) \
	do { errsave(escontext, __VA_ARGS__); return dummy_value; } while (0)

static inline bool
DirectInputFunctionCallSafe(PGFunction function, char *text, Oid typioparam, int32 typmod,
							Node *escontext pg_attribute_unused(), Datum *result)
{
	*result = DirectFunctionCall3(function, CStringGetDatum(text),
								  ObjectIdGetDatum(typioparam), Int32GetDatum(typmod));
	return true;
}
#endif							/* PG_VERSION_NUM */

#endif							/* TRIPMETER_COMPAT_H */
