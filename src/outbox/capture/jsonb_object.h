/*
 * jsonb_object.h
 *		jsonb objects of keys that are known beforehand.
 */
#ifndef TRIPMETER_JSONB_OBJECT_H
#define TRIPMETER_JSONB_OBJECT_H

#include "utils/jsonb.h"

typedef struct JsonbKeys JsonbKeys;

extern JsonbKeys *jsonb_keys_make(char *const *names, int count);
extern Jsonb *jsonb_object_make(const JsonbKeys *keys, const JsonbValue *values);

#endif							/* TRIPMETER_JSONB_OBJECT_H */
