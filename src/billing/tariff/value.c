/*
 * value.c
 *		Tariffs as values of SQL, and the compiled ones that a call site keeps.
 *
 * A query that uses a tariff for a million trips compiles it once.  The same holds for
 * each tariff of a table that the query reads.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "billing/tariff/read.h"
#include "billing/tariff/value.h"
#include "compat.h"

#define MAX_TARIFF_BYTES	(1024 * 1024)

/* A call site that keeps more than this throws all of it away and starts over. */
#define MAX_CACHED_BYTES	(64 * 1024 * 1024)
#define MAX_CACHED_TARIFFS	10000

typedef struct CachedTariff
{
	TariffText	key;
	CompiledTariff *compiled;
} CachedTariff;

/* The tariffs of a call site. */
typedef struct TariffCache
{
	MemoryContext context;		/* of the tariffs and their table, but not of this struct */
	HTAB	   *tariffs;		/* of CachedTariff; NULL while there is none */
	CompiledTariff *last;		/* the one used last, or NULL */
	bool		constant;		/* is the argument the same in every call? */
	uint64		compiled_count; /* number of the tariff compiled last */
	uint64		gone_count;		/* number of the last one that was thrown away */
	void	   *call_site;		/* see tariff_call_site() */
} TariffCache;

/* The functions that return false do so after a soft error, which is in `escontext`. */
static bool
check_size(size_t length, Node *escontext)
{
	if (length > MAX_TARIFF_BYTES)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tariff is too large"),
				 errdetail("It has %zu bytes, and at most %d are allowed.",
						   length, MAX_TARIFF_BYTES)));
	return true;
}

/* Parse a text as JSON, without a look at what it says. */
bool
tariff_parse(const char *text, size_t length, Node *escontext, Jsonb **document)
{
	Datum		value;

	if (!check_size(length, escontext) ||
		!DirectInputFunctionCallSafe(jsonb_in, pnstrdup(text, length), InvalidOid, -1,
									 escontext, &value))
		return false;
	*document = DatumGetJsonbP(value);
	return true;
}

/* Make the value in SQL of a document, which is checked. */
bool
tariff_value(Jsonb *document, Node *escontext, Datum *value)
{
	JsonEscape	escape = {.escontext = escontext};
	StringInfoData canonical;

	initStringInfo(&canonical);
	if (sigsetjmp(escape.target, 0) != 0)
		return false;
	tariff_read(document, &canonical, &escape);
	if (!check_size(canonical.len, escontext))
		return false;
	*value = PointerGetDatum(cstring_to_text_with_len(canonical.data, canonical.len));
	return true;
}

/* Compile a stored value into a context, where none of its parsed JSON stays. */
static CompiledTariff *
compile(MemoryContext context, const TariffText *key)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "tripmeter tariff",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	StringInfoData canonical;
	Jsonb	   *document;
	CompiledTariff *compiled;

	initStringInfo(&canonical);
	tariff_parse(key->bytes, key->length, NULL, &document);
	MemoryContextSwitchTo(context);
	compiled = tariff_read(document, &canonical, NULL);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return compiled;
}

static uint32
hash_key(const void *key, Size size pg_attribute_unused())
{
	const TariffText *k = key;

	return hash_bytes((const unsigned char *) k->bytes, (int) k->length);
}

/* 0 if equal, as memcmp */
static int
match_keys(const void *a, const void *b, Size size pg_attribute_unused())
{
	const TariffText *x = a;
	const TariffText *y = b;

	return x->length != y->length || memcmp(x->bytes, y->bytes, x->length) != 0;
}

/*
 * Is an argument the same in every call?  A parameter is not: PL/pgSQL evaluates one
 * expression again and again with other values of its variables.
 */
static bool
is_constant(Node *call, int arg)
{
	return call != NULL && IsA(call, FuncExpr) &&
		IsA(list_nth(((FuncExpr *) call)->args, arg), Const);
}

static TariffCache *
make_cache(FmgrInfo *site)
{
	TariffCache *cache = MemoryContextAllocZero(site->fn_mcxt, sizeof(TariffCache));

	cache->context = AllocSetContextCreate(site->fn_mcxt, "tripmeter tariffs",
										   ALLOCSET_DEFAULT_SIZES);
	site->fn_extra = cache;
	return cache;
}

static void
make_table(TariffCache *cache)
{
	HASHCTL		control = {
		.keysize = sizeof(TariffText),
		.entrysize = sizeof(CachedTariff),
		.hash = hash_key,
		.match = match_keys,
		.hcxt = cache->context,
	};

	cache->tariffs = hash_create("tripmeter tariffs", 16, &control,
								 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static bool
is_full(const TariffCache *cache)
{
	return hash_get_num_entries(cache->tariffs) >= MAX_CACHED_TARIFFS ||
		MemoryContextMemAllocated(cache->context, true) > MAX_CACHED_BYTES;
}

/* Compile a tariff, and keep it. */
static CompiledTariff *
add_tariff(TariffCache *cache, const TariffText *key)
{
	CompiledTariff *compiled;
	CachedTariff *entry;
	char	   *bytes;

	if (cache->tariffs != NULL && is_full(cache))
	{
		cache->tariffs = NULL;
		cache->last = NULL;
		cache->gone_count = cache->compiled_count;
		MemoryContextReset(cache->context);
	}
	if (cache->tariffs == NULL)
		make_table(cache);
	compiled = compile(cache->context, key);
	compiled->number = ++cache->compiled_count;
	bytes = MemoryContextAlloc(cache->context, key->length);
	memcpy(bytes, key->bytes, key->length);
	compiled->text = (TariffText) {bytes, key->length};
	entry = hash_search(cache->tariffs, &compiled->text, HASH_ENTER, NULL);
	entry->compiled = compiled;
	return compiled;
}

static CompiledTariff *
find_tariff(TariffCache *cache, const TariffText *key)
{
	CachedTariff *entry = NULL;

	if (cache->tariffs != NULL)
		entry = hash_search(cache->tariffs, key, HASH_FIND, NULL);
	return entry != NULL ? entry->compiled : add_tariff(cache, key);
}

static inline bool
is_of(const CompiledTariff *compiled, const TariffText *key)
{
	return match_keys(&compiled->text, key, sizeof(TariffText)) == 0;
}

/* Look for a value among the tariffs that were used last or that a hint names, then further. */
static CompiledTariff *
find_expected(TariffCache *cache, struct varlena *value, const TariffHint *hint)
{
	TariffText	key = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};

	if (cache->last == NULL || !is_of(cache->last, &key))
	{
		/* a hint is valid unless its tariff was thrown away */
		bool		expected = hint->number > cache->gone_count && is_of(hint->compiled, &key);

		cache->last = expected ? hint->compiled : find_tariff(cache, &key);
	}
	return cache->last;
}

/*
 * Return the compiled form of a value.  It lives until the call site asks for another
 * one, because a cache that is full is emptied then.
 */
CompiledTariff *
tariff_of_value(FmgrInfo *site, struct varlena *value)
{
	TariffCache *cache = site->fn_extra;

	if (cache == NULL)
		cache = make_cache(site);
	return find_expected(cache, value, &(TariffHint) {0});
}

/* Do the same for an argument that an earlier call may have had. */
CompiledTariff *
tariff_argument_again(FunctionCallInfo fcinfo, int arg, const TariffHint *hint)
{
	TariffCache *cache = fcinfo->flinfo->fn_extra;
	CompiledTariff *compiled;
	struct varlena *value;

	if (cache == NULL)
	{
		cache = make_cache(fcinfo->flinfo);
		cache->constant = is_constant(fcinfo->flinfo->fn_expr, arg);
	}
	if (cache->constant && cache->last != NULL)
		return cache->last;
	value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(arg));
	compiled = find_expected(cache, value, hint);
	PG_FREE_IF_COPY(value, arg);
	return compiled;
}

CompiledTariff *
tariff_argument(FunctionCallInfo fcinfo, int arg)
{
	return tariff_argument_again(fcinfo, arg, &(TariffHint) {0});
}

/*
 * Return the place for whatever else a call site keeps: NULL at first, in fn_mcxt.  The
 * site must have asked for a tariff before.
 */
void **
tariff_call_site(FmgrInfo *site)
{
	TariffCache *cache = site->fn_extra;

	Assert(cache != NULL);
	return &cache->call_site;
}
