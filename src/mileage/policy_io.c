/*
 * policy_io.c
 *		The type mileage_policy: its text and binary forms, and its constructor.
 *
 * The canonical text names the algorithm's version and every rule:
 *
 *		v1 max_speed=70 jitter_radius=20 gap_threshold=300
 *		gap_counts_as=straight reanchor_fixes=3 max_accuracy=100
 *		null_island=reject
 *
 * in one line, with `off` for a rule that is not applied.  Input may begin with
 * `default`, `raw` or the version, and then change single rules.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "mileage/policy_io.h"

PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_in);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_out);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_recv);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_send);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy);

#define OFF	"off"

/* A century, beyond which a gap threshold is a mistake. */
#define MAX_GAP_SECONDS		(100.0 * 366 * 86400)

const MileagePolicy default_mileage_policy = {
	.version = MILEAGE_ALGORITHM_VERSION,
	.gap_mode = GAP_STRAIGHT,
	.reject_null_island = 1,
	.reanchor_fixes = 3,
	.max_speed = 70,
	.jitter_radius = 20,
	.max_accuracy = 100,
	.gap_threshold = INT64CONST(300) * USECS_PER_SEC,
};

/* Every rule off: the plain sum over the ordered, distinct fixes. */
static const MileagePolicy raw_mileage_policy = {
	.version = MILEAGE_ALGORITHM_VERSION,
	.gap_mode = GAP_STRAIGHT,
	.reject_null_island = 0,
	.reanchor_fixes = 3,
	.max_speed = INFINITY,
	.jitter_radius = 0,
	.max_accuracy = INFINITY,
	.gap_threshold = GAP_NEVER,
};

static const char *const gap_mode_names[] = {
	[GAP_STRAIGHT] = "straight",
	[GAP_EXCLUDE] = "exclude",
};

/* indexed by reject_null_island */
static const char *const null_island_names[] = {"accept", "reject"};

/*
 * The functions that check a value return false after a soft error, which is in
 * `escontext`.  Without one, the error is thrown.
 */
static bool
check_positive(const char *rule, double value, Node *escontext)
{
	if (!(value > 0))
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a mileage policy must be positive", rule),
				 errdetail("Its value is %g.", value),
				 errhint("Use NULL, or %s=off in text, to leave the rule out.", rule)));
	return true;
}

static bool
set_max_speed(MileagePolicy *policy, double metres_per_second, Node *escontext)
{
	policy->max_speed = metres_per_second;
	return check_positive("max_speed", metres_per_second, escontext);
}

static bool
set_max_accuracy(MileagePolicy *policy, double metres, Node *escontext)
{
	policy->max_accuracy = metres;
	return check_positive("max_accuracy", metres, escontext);
}

static bool
set_jitter_radius(MileagePolicy *policy, double metres, Node *escontext)
{
	if (!(metres >= 0 && metres <= MAX_JITTER_RADIUS))
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("jitter_radius of a mileage policy must be from 0 to %d metres", MAX_JITTER_RADIUS),
				 errdetail("Its value is %g.", metres)));
	policy->jitter_radius = metres + 0.0;
	return true;
}

static bool
set_gap_threshold(MileagePolicy *policy, double seconds, Node *escontext)
{
	if (!check_positive("gap_threshold", seconds, escontext))
		return false;
	if (seconds > MAX_GAP_SECONDS)
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap_threshold of a mileage policy must be at most a century"),
				 errdetail("Its value is %g seconds.", seconds),
				 errhint("Use NULL, or gap_threshold=off in text, to leave the rule out.")));
	policy->gap_threshold = Max((int64) rint(seconds * USECS_PER_SEC), 1);
	return true;
}

static bool
set_reanchor_fixes(MileagePolicy *policy, double fixes, Node *escontext)
{
	if (!(fixes >= 1 && fixes <= MAX_REANCHOR_FIXES) || fixes != floor(fixes))
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reanchor_fixes of a mileage policy must be a whole number from 1 to %d", MAX_REANCHOR_FIXES),
				 errdetail("Its value is %g.", fixes)));
	policy->reanchor_fixes = (int32) fixes;
	return true;
}

/* Find the index of a word among two. */
static bool
choose(const char *rule, const char *word, const char *const names[2], uint8 *choice,
	   Node *escontext)
{
	for (*choice = 0; *choice < 2; (*choice)++)
		if (strcmp(word, names[*choice]) == 0)
			return true;
	ereturn(escontext, false,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s of a mileage policy: \"%s\"", rule, word),
			 errhint("It is \"%s\" or \"%s\".", names[0], names[1])));
}

static bool
set_gap_mode(MileagePolicy *policy, const char *word, Node *escontext)
{
	return choose("gap_counts_as", word, gap_mode_names, &policy->gap_mode, escontext);
}

static bool
set_null_island(MileagePolicy *policy, const char *word, Node *escontext)
{
	return choose("null_island", word, null_island_names, &policy->reject_null_island, escontext);
}

static bool
parse_number(const char *rule, const char *text, double *number, Node *escontext)
{
	char	   *end;

	*number = strtod(text, &end);
	if (end == text || *end != '\0')
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid %s of a mileage policy: \"%s\"", rule, text),
				 errhint("Write a number, without a unit and without spaces around the equals sign.")));
	return true;
}

/* The rules of the text form. */
typedef enum Rule
{
	MAX_SPEED, JITTER_RADIUS, GAP_THRESHOLD, GAP_COUNTS_AS, REANCHOR_FIXES,
	MAX_ACCURACY, NULL_ISLAND
} Rule;

static const char *const rule_names[] = {
	[MAX_SPEED] = "max_speed",
	[JITTER_RADIUS] = "jitter_radius",
	[GAP_THRESHOLD] = "gap_threshold",
	[GAP_COUNTS_AS] = "gap_counts_as",
	[REANCHOR_FIXES] = "reanchor_fixes",
	[MAX_ACCURACY] = "max_accuracy",
	[NULL_ISLAND] = "null_island",
};

static bool
find_rule(const char *name, Rule *rule, Node *escontext)
{
	for (int i = 0; i < (int) lengthof(rule_names); i++)
		if (strcmp(name, rule_names[i]) == 0)
		{
			*rule = i;
			return true;
		}
	ereturn(escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("unknown rule of a mileage policy: \"%s\"", name),
			 errhint("The rules are max_speed, jitter_radius, gap_threshold, gap_counts_as, "
					 "reanchor_fixes, max_accuracy and null_island.")));
}

/* Turn a rule off.  False if it is a rule that is always on. */
static bool
switch_off(MileagePolicy *policy, Rule rule)
{
	switch (rule)
	{
		case MAX_SPEED:
			policy->max_speed = INFINITY;
			return true;
		case JITTER_RADIUS:
			policy->jitter_radius = 0;
			return true;
		case GAP_THRESHOLD:
			policy->gap_threshold = GAP_NEVER;
			return true;
		case MAX_ACCURACY:
			policy->max_accuracy = INFINITY;
			return true;
		default:
			return false;
	}
}

static bool
set_number(MileagePolicy *policy, Rule rule, const char *value, Node *escontext)
{
	double		number;

	if (!parse_number(rule_names[rule], value, &number, escontext))
		return false;
	switch (rule)
	{
		case MAX_SPEED:
			return set_max_speed(policy, number, escontext);
		case JITTER_RADIUS:
			return set_jitter_radius(policy, number, escontext);
		case GAP_THRESHOLD:
			return set_gap_threshold(policy, number, escontext);
		case MAX_ACCURACY:
			return set_max_accuracy(policy, number, escontext);
		default:
			return set_reanchor_fixes(policy, number, escontext);
	}
}

static bool
set_rule(MileagePolicy *policy, Rule rule, const char *value, Node *escontext)
{
	if (rule == GAP_COUNTS_AS)
		return set_gap_mode(policy, value, escontext);
	if (rule == NULL_ISLAND)
		return set_null_island(policy, value, escontext);
	if (strcmp(value, OFF) == 0 && switch_off(policy, rule))
		return true;
	return set_number(policy, rule, value, escontext);
}

/* Take the word that a policy may begin with.  False if it is none: then it must be a rule. */
static bool
set_base(MileagePolicy *policy, const char *word)
{
	if (strcmp(word, "default") == 0)
		*policy = default_mileage_policy;
	else if (strcmp(word, "raw") == 0)
		*policy = raw_mileage_policy;
	else
		return strcmp(word, psprintf("v%d", MILEAGE_ALGORITHM_VERSION)) == 0;
	return true;
}

/* Is this a version that another tripmeter may know? */
static bool
is_version(const char *word)
{
	return word[0] == 'v' && word[1] != '\0' &&
		strspn(word + 1, "0123456789") == strlen(word + 1);
}

/* Take rule=value.  The rules given so far have a bit each. */
static bool
read_rule(MileagePolicy *policy, const char *text, char *word, unsigned *given, Node *escontext)
{
	char	   *equals = strchr(word, '=');
	Rule		rule;

	if (equals == NULL)
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "mileage_policy", text),
				 errdetail("\"%s\" is not of the form rule=value.", word),
				 errhint("Begin with default or raw, then name the rules that differ, "
						 "as in 'default max_speed=60'.")));
	*equals = '\0';
	if (!find_rule(word, &rule, escontext))
		return false;
	if (*given & (1u << rule))
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("rule of a mileage policy given more than once: \"%s\"", word)));
	*given |= 1u << rule;
	return set_rule(policy, rule, equals + 1, escontext);
}

Datum
tripmeter_mileage_policy_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	char	   *rest = pstrdup(text);
	MileagePolicy *policy = palloc(sizeof(MileagePolicy));
	Node	   *escontext = fcinfo->context;
	char	   *word;
	int			words = 0;
	unsigned	given = 0;

	*policy = default_mileage_policy;
	for (; (word = strtok_r(words == 0 ? rest : NULL, " \t\n", &rest)) != NULL; words++)
	{
		if (words == 0 && set_base(policy, word))
			continue;
		if (words == 0 && is_version(word))
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("mileage algorithm version %s is not known", word),
					 errdetail("This tripmeter has version v%d.", MILEAGE_ALGORITHM_VERSION)));
		if (!read_rule(policy, text, word, &given, escontext))
			PG_RETURN_NULL();
	}
	if (words == 0)
		ereturn(escontext, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "mileage_policy", text),
				 errhint("Write default for the default policy.")));
	PG_RETURN_POINTER(policy);
}

static void
append_number(StringInfo out, const char *rule, double value, bool off)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (off)
		strlcpy(digits, OFF, sizeof(digits));
	else
		double_to_shortest_decimal_buf(value, digits);
	appendStringInfo(out, " %s=%s", rule, digits);
}

/* The canonical text, palloc'd. */
char *
mileage_policy_text(const MileagePolicy *policy)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "v%d", policy->version);
	append_number(&out, "max_speed", policy->max_speed, isinf(policy->max_speed));
	append_number(&out, "jitter_radius", policy->jitter_radius, policy->jitter_radius == 0);
	append_number(&out, "gap_threshold", (double) policy->gap_threshold / USECS_PER_SEC,
				  policy->gap_threshold == GAP_NEVER);
	appendStringInfo(&out, " gap_counts_as=%s", gap_mode_names[policy->gap_mode]);
	appendStringInfo(&out, " reanchor_fixes=%d", policy->reanchor_fixes);
	append_number(&out, "max_accuracy", policy->max_accuracy, isinf(policy->max_accuracy));
	appendStringInfo(&out, " null_island=%s", null_island_names[policy->reject_null_island]);
	return out.data;
}

Datum
tripmeter_mileage_policy_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(mileage_policy_text(DatumGetMileagePolicyP(PG_GETARG_DATUM(0))));
}

void
mileage_policy_write(const MileagePolicy *policy, StringInfo out)
{
	pq_sendbyte(out, policy->version);
	pq_sendbyte(out, policy->gap_mode);
	pq_sendbyte(out, policy->reject_null_island);
	pq_sendint32(out, policy->reanchor_fixes);
	pq_sendfloat8(out, policy->max_speed);
	pq_sendfloat8(out, policy->jitter_radius);
	pq_sendfloat8(out, policy->max_accuracy);
	pq_sendint64(out, policy->gap_threshold);
}

/* Read what mileage_policy_write wrote, or what somebody else made up. */
void
mileage_policy_read(MileagePolicy *policy, StringInfo in)
{
	uint8		gap_mode;
	uint8		null_island;
	int64		gap_threshold;

	memset(policy, 0, sizeof(*policy));
	policy->version = pq_getmsgbyte(in);
	gap_mode = pq_getmsgbyte(in);
	null_island = pq_getmsgbyte(in);
	if (policy->version != MILEAGE_ALGORITHM_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("mileage algorithm version v%d is not known", policy->version),
				 errdetail("This tripmeter has version v%d.", MILEAGE_ALGORITHM_VERSION)));
	if (gap_mode >= lengthof(gap_mode_names) || null_island >= lengthof(null_island_names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of a mileage policy")));
	policy->gap_mode = gap_mode;
	policy->reject_null_island = null_island;
	set_reanchor_fixes(policy, (int32) pq_getmsgint(in, 4), NULL);
	set_max_speed(policy, pq_getmsgfloat8(in), NULL);
	set_jitter_radius(policy, pq_getmsgfloat8(in), NULL);
	set_max_accuracy(policy, pq_getmsgfloat8(in), NULL);
	gap_threshold = pq_getmsgint64(in);
	if (gap_threshold == GAP_NEVER)
		policy->gap_threshold = GAP_NEVER;
	else
		set_gap_threshold(policy, (double) gap_threshold / USECS_PER_SEC, NULL);
}

Datum
tripmeter_mileage_policy_recv(PG_FUNCTION_ARGS)
{
	MileagePolicy *policy = palloc(sizeof(MileagePolicy));

	mileage_policy_read(policy, (StringInfo) PG_GETARG_POINTER(0));
	PG_RETURN_POINTER(policy);
}

Datum
tripmeter_mileage_policy_send(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	pq_begintypsend(&out);
	mileage_policy_write(DatumGetMileagePolicyP(PG_GETARG_DATUM(0)), &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Seconds of an interval; `what` it is says the error of one without a fixed length. */
double
interval_seconds(const Interval *interval, const char *what)
{
	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not contain months or years", what),
				 errdetail("A month has no fixed length."),
				 errhint("Give it in days, hours, minutes or seconds.")));
	return (double) interval->day * SECS_PER_DAY + (double) interval->time / USECS_PER_SEC;
}

static void
require_argument(FunctionCallInfo fcinfo, int arg, Rule rule)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a mileage policy must not be NULL", rule_names[rule])));
}

static char *
word_argument(FunctionCallInfo fcinfo, int arg, Rule rule)
{
	require_argument(fcinfo, arg, rule);
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * mileage_policy(max_speed, jitter_radius, gap_threshold, gap_counts_as,
 * reanchor_fixes, max_accuracy, null_island): NULL turns a limit off.
 */
Datum
tripmeter_mileage_policy(PG_FUNCTION_ARGS)
{
	MileagePolicy *policy = palloc(sizeof(MileagePolicy));

	*policy = raw_mileage_policy;
	if (!PG_ARGISNULL(0))
		set_max_speed(policy, PG_GETARG_FLOAT8(0), NULL);
	if (!PG_ARGISNULL(1))
		set_jitter_radius(policy, PG_GETARG_FLOAT8(1), NULL);
	if (!PG_ARGISNULL(2))
		set_gap_threshold(policy, interval_seconds(PG_GETARG_INTERVAL_P(2),
												   "gap_threshold of a mileage policy"), NULL);
	set_gap_mode(policy, word_argument(fcinfo, 3, GAP_COUNTS_AS), NULL);
	require_argument(fcinfo, 4, REANCHOR_FIXES);
	set_reanchor_fixes(policy, PG_GETARG_INT32(4), NULL);
	if (!PG_ARGISNULL(5))
		set_max_accuracy(policy, PG_GETARG_FLOAT8(5), NULL);
	set_null_island(policy, word_argument(fcinfo, 6, NULL_ISLAND), NULL);
	PG_RETURN_POINTER(policy);
}
