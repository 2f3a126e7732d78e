/*
 * compat.h
 *		Gives PostgreSQL 15 what later versions have.
 *
 * Include it instead of fmgr.h and varatt.h.
 */
#ifndef TRIPMETER_COMPAT_H
#define TRIPMETER_COMPAT_H

#include "fmgr.h"

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
#endif							/* PG_VERSION_NUM */

#endif							/* TRIPMETER_COMPAT_H */
