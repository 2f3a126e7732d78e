/*
 * value.h
 *		Tariffs as values of SQL, and the compiled ones that a call site keeps.
 *
 * A value is a varlena of the canonical text.  It is compiled where it is used.
 */
#ifndef TRIPMETER_TARIFF_VALUE_H
#define TRIPMETER_TARIFF_VALUE_H

#include "compat.h"

#include "billing/tariff/compiled.h"

/* A tariff that a call site compiled earlier.  It may have been thrown away since. */
typedef struct TariffHint
{
	uint64		number;			/* CompiledTariff.number; 0: no hint */
	CompiledTariff *compiled;
} TariffHint;

/* Both return false after a soft error, which is in `escontext` then. */
extern bool tariff_parse(const char *text, size_t length, Node *escontext, Jsonb **document);
extern bool tariff_value(Jsonb *document, Node *escontext, Datum *value);

/* The compiled form of a value or an argument, from the cache of the call site. */
extern CompiledTariff *tariff_of_value(FmgrInfo *site, struct varlena *value);
extern CompiledTariff *tariff_argument(FunctionCallInfo fcinfo, int arg);
extern CompiledTariff *tariff_argument_again(FunctionCallInfo fcinfo, int arg,
											 const TariffHint *hint);
extern void **tariff_call_site(FmgrInfo *site);

#endif							/* TRIPMETER_TARIFF_VALUE_H */
