/*
 * read.h
 *		Reading a tariff as a whole.
 *
 * Each part is read by a file of its own.  A reader checks a key, fills the struct and
 * writes the canonical form in one go.  Reading the canonical form again gives the same
 * struct, and the same form.
 */
#ifndef TRIPMETER_TARIFF_READ_H
#define TRIPMETER_TARIFF_READ_H

#include "lib/stringinfo.h"

#include "billing/tariff/compiled.h"
#include "billing/tariff/json_place.h"

extern CompiledTariff *tariff_read(Jsonb *document, StringInfo out, JsonEscape *escape);

#endif							/* TRIPMETER_TARIFF_READ_H */
