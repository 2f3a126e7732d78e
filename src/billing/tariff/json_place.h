/*
 * json_place.h
 *		Reading a JSON document with the place of each value at hand, for errors.
 */
#ifndef TRIPMETER_TARIFF_JSON_PLACE_H
#define TRIPMETER_TARIFF_JSON_PLACE_H

#include <setjmp.h>

#include "nodes/nodes.h"
#include "utils/jsonb.h"

#include "billing/money/exact.h"

/*
 * Takes a soft error out of the functions that read a document.  They hold nothing but
 * memory, so that they can be left anywhere.
 */
typedef struct JsonEscape
{
	Node	   *escontext;		/* takes the error, as in errsave() */
	sigjmp_buf	target;			/* where to go on after it */
} JsonEscape;

/* A value, and where it is. */
typedef struct JsonPlace
{
	JsonEscape *escape;			/* in the document itself; NULL: errors are thrown */
	const struct JsonPlace *parent; /* NULL: the document itself */
	const char *key;			/* in an object; NULL in a list */
	int			index;			/* in a list */
	JsonbValue	value;			/* lists and objects are jbvBinary */
} JsonPlace;

/* The members of an object, in the order that jsonb keeps them in. */
typedef struct JsonMembers
{
	const JsonPlace *object;
	JsonbIterator *iterator;
} JsonMembers;

/* What is wrong with the value at a place, and the way out, or NULL. */
extern void json_place_error(const JsonPlace *place, const char *hint, const char *detail,...)
			pg_attribute_printf(3, 4) __attribute__((noreturn));

extern const char *json_place_shown(const JsonPlace *place);
extern const char *json_place_join_words(const char *const *words, int count);

extern JsonPlace json_place_document(Jsonb *document, JsonEscape *escape);
extern void json_place_require_object(const JsonPlace *place, const char *const *keys);
extern bool json_place_find(const JsonPlace *object, const char *key, JsonPlace *member);
extern JsonPlace json_place_require(const JsonPlace *object, const char *key);
extern JsonMembers json_place_members(const JsonPlace *object);
extern bool json_place_next_member(JsonMembers *members, JsonPlace *member);
extern bool json_place_one_of(const JsonPlace *object, const char *first, const char *second);
extern int	json_place_member_count(const JsonPlace *object, int max);
extern bool json_place_is_list(const JsonPlace *place);
extern int	json_place_list_length(const JsonPlace *list, int max);
extern int	json_place_find_list(const JsonPlace *object, const char *key, int max, JsonPlace *list);
extern JsonPlace json_place_element(const JsonPlace *list, int index);

extern const char *json_place_string(const JsonPlace *place);
extern bool json_place_bool(const JsonPlace *place);
extern Rational json_place_decimal(const JsonPlace *place);
extern int	json_place_choice(const JsonPlace *place, const char *const *words, int count);

#endif							/* TRIPMETER_TARIFF_JSON_PLACE_H */
