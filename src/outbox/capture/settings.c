/*
 * settings.c
 *		The settings under which conditions and values are read and written.
 *
 * A change makes the same events whoever makes it: no setting of the session decides whether
 * a condition holds or how a value is written.  So both run under fixed settings.
 *
 * To enter all of them and leave takes a quarter of the instructions of a statement of one row,
 * since search_path is nearly always another.  So a statement enters them only if one of its
 * conditions may depend on a setting, and just those of values if only a column does.  Most
 * conditions and columns do not.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "outbox/capture/settings.h"

/*
 * All that decides how SQL, literals and values are read and written, and what a query finds,
 * if any user may set it.  PostgreSQL's own defaults, but for the path, UTC, and backslash_quote,
 * whose default depends on the encoding of the client.
 */
static const struct
{
	OutboxSettings of;
	const char *name;
	const char *value;
}			fixed[] = {
	{SETTINGS_OF_VALUES, "TimeZone", "UTC"},
	{SETTINGS_OF_VALUES, "DateStyle", "ISO, MDY"},
	{SETTINGS_OF_VALUES, "IntervalStyle", "postgres"},
	{SETTINGS_OF_VALUES, "extra_float_digits", "1"},
	{SETTINGS_OF_VALUES, "bytea_output", "hex"},
	{SETTINGS_OF_VALUES, "lc_monetary", "C"},
	{SETTINGS_ALL, "search_path", "pg_catalog, pg_temp"},
	{SETTINGS_ALL, "timezone_abbreviations", "Default"},
	{SETTINGS_ALL, "lc_numeric", "C"},
	{SETTINGS_ALL, "lc_time", "C"},
	{SETTINGS_ALL, "xmloption", "content"},
	{SETTINGS_ALL, "xmlbinary", "base64"},
	{SETTINGS_ALL, "standard_conforming_strings", "on"},
	{SETTINGS_ALL, "backslash_quote", "on"},
	{SETTINGS_ALL, "array_nulls", "on"},
	{SETTINGS_ALL, "transform_null_equals", "off"},
	{SETTINGS_ALL, "quote_all_identifiers", "off"},
	{SETTINGS_ALL, "default_text_search_config", "pg_catalog.simple"},
	{SETTINGS_ALL, "row_security", "on"},
	{SETTINGS_ALL, "gin_fuzzy_search_limit", "0"},
	/* of minor releases since August 2024 */
	{SETTINGS_ALL, "restrict_nonsystem_relation_kind", ""},
	/* once plpgsql is loaded */
	{SETTINGS_ALL, "plpgsql.check_asserts", "on"},
	{SETTINGS_ALL, "plpgsql.extra_errors", "none"},
};

/*
 * Give these settings, at least, their fixed values until the level that is returned is left.
 * An error leaves it, too.
 */
int
outbox_settings_enter(OutboxSettings which)
{
	int			level = NewGUCNestLevel();

	for (size_t i = 0; i < lengthof(fixed) && fixed[i].of <= which; i++)
	{
		const char *value = GetConfigOption(fixed[i].name, true, false);

		if (value != NULL && strcmp(value, fixed[i].value) != 0)
			(void) set_config_option(fixed[i].name, fixed[i].value, PGC_USERSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, 0, false);
	}
	return level;
}

/*
 * Give the settings back their values.  Others that were set meanwhile keep theirs, or are
 * undone.
 */
void
outbox_settings_leave(int level, bool keep)
{
	AtEOXact_GUC(keep, level);
}

/*
 * Is this function immutable in name only?  quote_ident() reads quote_all_identifiers, and
 * timezone(), which AT TIME ZONE calls, reads timezone_abbreviations.
 */
static bool
is_immutable_in_name(Oid function)
{
	return function == F_QUOTE_IDENT || function == F_TIMEZONE_TEXT_TIMESTAMP ||
		function == F_TIMEZONE_TEXT_TIMESTAMPTZ;
}

/*
 * May the result of a function depend on settings?  Those written in SQL or PL/pgSQL look up
 * names.
 */
static bool
is_sensitive(Oid function, void *context pg_attribute_unused())
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	result = form->provolatile != PROVOLATILE_IMMUTABLE ||
		(form->prolang != INTERNALlanguageId && form->prolang != ClanguageId) ||
		is_immutable_in_name(function);
	ReleaseSysCache(tuple);
	return result;
}

/* The settings that the text of a type that came with PostgreSQL may depend on */
static OutboxSettings
settings_of_builtin(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case CHAROID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMEOID:
		case TIMETZOID:
		case JSONOID:
		case JSONBOID:
		case UUIDOID:
		case OIDOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case BITOID:
		case VARBITOID:
		case TSVECTOROID:
			return SETTINGS_NONE;
		case FLOAT4OID:
		case FLOAT8OID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
		case BYTEAOID:
		case CASHOID:
		case POINTOID:
		case TSRANGEOID:
		case TSTZRANGEOID:
		case DATERANGEOID:
		case INT4RANGEOID:
		case INT8RANGEOID:
		case NUMRANGEOID:
			return SETTINGS_OF_VALUES;
		default:
			/* the names of regclass, and what is rare */
			return SETTINGS_ALL;
	}
}

/* The settings that the JSON that to_jsonb() makes of a type's values may depend on */
OutboxSettings
outbox_settings_of_type(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	Oid			output;
	Oid			cast;
	bool		varlena;

	if (OidIsValid(element))
		return outbox_settings_of_type(element);
	if (base < FirstNormalObjectId)
		return settings_of_builtin(base);
	if (type_is_enum(base))
		return SETTINGS_NONE;
	if (type_is_rowtype(base) || type_is_range(base) || type_is_multirange(base))
		return SETTINGS_ALL;
	if (find_coercion_pathway(JSONOID, base, COERCION_EXPLICIT, &cast) == COERCION_PATH_FUNC)
		return is_sensitive(cast, NULL) ? SETTINGS_ALL : SETTINGS_NONE;
	getTypeOutputInfo(base, &output, &varlena);
	return is_sensitive(output, NULL) ? SETTINGS_ALL : SETTINGS_OF_VALUES;
}

/* For expression_tree_walker: is there a node whose result may depend on settings? */
static bool
is_sensitive_node(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_Var:
		case T_Const:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CollateExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_RowCompareExpr:
		case T_FieldSelect:
		case T_SubscriptingRef:
			return check_functions_in_node(node, is_sensitive, context) ||
				expression_tree_walker(node, is_sensitive_node, context);
		default:
			/* a cast to or from text, a check of a domain, XML, the current date ... */
			return true;
	}
}

/* The settings that it may depend on whether a condition holds */
OutboxSettings
outbox_settings_of_condition(List *condition)
{
	return is_sensitive_node((Node *) condition, NULL) ? SETTINGS_ALL : SETTINGS_NONE;
}
