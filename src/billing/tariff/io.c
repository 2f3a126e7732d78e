/*
 * io.c
 *		SQL: the type tariff, in and out, compared, hashed and cast.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "billing/tariff/value.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(tripmeter_tariff_in);
PG_FUNCTION_INFO_V1(tripmeter_tariff_out);
PG_FUNCTION_INFO_V1(tripmeter_tariff_recv);
PG_FUNCTION_INFO_V1(tripmeter_tariff_send);
PG_FUNCTION_INFO_V1(tripmeter_tariff_from_jsonb);
PG_FUNCTION_INFO_V1(tripmeter_tariff_as_jsonb);
PG_FUNCTION_INFO_V1(tripmeter_tariff_currency);
PG_FUNCTION_INFO_V1(tripmeter_tariff_cmp);
PG_FUNCTION_INFO_V1(tripmeter_tariff_eq);
PG_FUNCTION_INFO_V1(tripmeter_tariff_ne);
PG_FUNCTION_INFO_V1(tripmeter_tariff_lt);
PG_FUNCTION_INFO_V1(tripmeter_tariff_le);
PG_FUNCTION_INFO_V1(tripmeter_tariff_ge);
PG_FUNCTION_INFO_V1(tripmeter_tariff_gt);
PG_FUNCTION_INFO_V1(tripmeter_tariff_hash);
PG_FUNCTION_INFO_V1(tripmeter_tariff_hash_extended);

/* Return the tariff of a text; NULL after a soft error. */
static Datum
read_text(FunctionCallInfo fcinfo, const char *text, size_t length, Node *escontext)
{
	Jsonb	   *document;
	Datum		value;

	if (!tariff_parse(text, length, escontext, &document) ||
		!tariff_value(document, escontext, &value))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(value);
}

Datum
tripmeter_tariff_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	return read_text(fcinfo, text, strlen(text), fcinfo->context);
}

Datum
tripmeter_tariff_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

Datum
tripmeter_tariff_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			length;
	char	   *text = pq_getmsgtext(message, message->len - message->cursor, &length);

	return read_text(fcinfo, text, length, NULL);
}

Datum
tripmeter_tariff_send(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendtext(&out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* tariff_from_jsonb(jsonb) -> tariff */
Datum
tripmeter_tariff_from_jsonb(PG_FUNCTION_ARGS)
{
	Datum		value;

	tariff_value(PG_GETARG_JSONB_P(0), NULL, &value);
	PG_RETURN_DATUM(value);
}

/* as_jsonb(tariff) -> jsonb */
Datum
tripmeter_tariff_as_jsonb(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);

	Jsonb	   *document;

	tariff_parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), NULL, &document);
	PG_RETURN_JSONB_P(document);
}

/* currency(tariff) -> text */
Datum
tripmeter_tariff_currency(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(tariff_argument(fcinfo, 0)->tariff.currency));
}

/* By the bytes of the text: whatever the collation, equal texts alone are equal. */
static int
compare(FunctionCallInfo fcinfo)
{
	text	   *a = PG_GETARG_TEXT_PP(0);
	text	   *b = PG_GETARG_TEXT_PP(1);
	size_t		a_length = VARSIZE_ANY_EXHDR(a);
	size_t		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order == 0)
		order = (a_length > b_length) - (a_length < b_length);
	/* an index leaves it to the comparison to free what it made */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

Datum
tripmeter_tariff_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

Datum
tripmeter_tariff_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

Datum
tripmeter_tariff_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
tripmeter_tariff_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
tripmeter_tariff_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
tripmeter_tariff_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
tripmeter_tariff_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

Datum
tripmeter_tariff_hash(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}

Datum
tripmeter_tariff_hash_extended(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
										 PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}
