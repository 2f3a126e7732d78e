/*
 * agg.c
 *		SQL: the aggregates invoice() and invoice_lines(), and the state of invoice_shares().
 *
 * The state has sums of whole numbers, so that the result is the same for every
 * order, plan and number of workers.
 */
#include "postgres.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "billing/invoice/agg.h"
#include "billing/tariff/names.h"
#include "compat.h"
#include "track/agg_state.h"
#include "interrupts.h"
#include "tripmeter.h"

PG_FUNCTION_INFO_V1(tripmeter_invoice_accum);
PG_FUNCTION_INFO_V1(tripmeter_invoice_combine);
PG_FUNCTION_INFO_V1(tripmeter_invoice_serial);
PG_FUNCTION_INFO_V1(tripmeter_invoice_deserial);
PG_FUNCTION_INFO_V1(tripmeter_invoice_final);
PG_FUNCTION_INFO_V1(tripmeter_invoice_lines_final);

static pg_noinline void
report_out_of_range(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s of an invoice is out of range", what)));
}

/* May it grow by so many bytes? */
void
check_state_size(const InvoiceState *state, Size more)
{
	Size		bytes = state->trips.bytes + state->days.capacity * sizeof(DayBlock);

	if (unlikely(bytes + more > (Size) tripmeter_max_state_mb * 1024 * 1024))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("trips of one invoice exceed tripmeter.max_state_mb"),
				 errdetail("The limit is %d MB.", tripmeter_max_state_mb),
				 errhint("Group by customer and period, or raise tripmeter.max_state_mb.")));
}

/* Memory for the days of a state. */
static void *
resize_days(void *of_state, void *old, size_t size)
{
	InvoiceState *state = of_state;

	check_state_size(state, size - state->days.capacity * sizeof(DayBlock));
	return old == NULL ? MemoryContextAllocHuge(state->context, size) : repalloc_huge(old, size);
}

static inline Provider
days_provider(InvoiceState *state)
{
	return (Provider) {state, resize_days, interrupts_check};
}

/* A copy with a whole header. */
struct varlena *
copy_varlena(MemoryContext context, struct varlena *value)
{
	Size		size = VARSIZE_ANY_EXHDR(value);
	struct varlena *copy = MemoryContextAlloc(context, size + VARHDRSZ);

	SET_VARSIZE(copy, size + VARHDRSZ);
	memcpy(VARDATA(copy), VARDATA_ANY(value), size);
	return copy;
}

static bool
same_bytes(struct varlena *a, struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
check_same_plan(struct varlena *first, struct varlena *other)
{
	if (unlikely(!same_bytes(first, other)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a group has more than one plan"),
				 errdetail("A customer's period has one plan."),
				 errhint("Add the plan to GROUP BY.")));
}

static void
check_same_attributes(Jsonb *first, struct varlena *other)
{
	Jsonb	   *whole_header;

	if (first == NULL || likely(same_bytes((struct varlena *) first, other)))
		return;
	whole_header = (Jsonb *) copy_varlena(CurrentMemoryContext, other);
	if (compareJsonbContainers(&first->root, &whole_header->root) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a group has more than one set of attributes"),
				 errdetail("They are %s and %s.",
						   JsonbToCString(NULL, &first->root, VARSIZE(first)),
						   JsonbToCString(NULL, &whole_header->root, VARSIZE(whole_header))),
				 errhint("Add the attributes to GROUP BY.")));
}

static pg_noinline void
report_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s of an invoice must not be NULL", name)));
}

/* A varlena argument that must be there, not copied where that can be helped. */
struct varlena *
required_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (unlikely(PG_ARGISNULL(arg)))
		report_missing(name);
	return PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(arg));
}

static InvoiceState *
make_state(MemoryContext context, CompiledTariff *compiled, struct varlena *plan, struct varlena *attributes)
{
	InvoiceState *state = MemoryContextAllocZero(context, sizeof(InvoiceState));
	const Period *period = &compiled->tariff.period;

	if (!period->given)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tariff is not a plan"),
				 errdetail("It has no \"period\"."),
				 errhint("Write what a period costs into the tariff's \"period\"; it may be {}.")));
	state->context = context;
	state->plan = copy_varlena(context, plan);
	state->row_plan = (TariffHint) {compiled->number, compiled};
	if (attributes != NULL)
		state->attributes = (Jsonb *) copy_varlena(context, attributes);
	state->by_date = period->has_daily_cap;
	return state;
}

/* The state of the group, made by its first row. */
static InvoiceState *
accum_state(FunctionCallInfo fcinfo, int first, CompiledTariff *compiled)
{
	InvoiceState *state = state_argument(fcinfo, ARG_STATE);
	struct varlena *attributes = NULL;

	if (PG_NARGS() > first + ARG_ATTRIBUTES)
		attributes = required_argument(fcinfo, first + ARG_ATTRIBUTES, "attributes");
	if (state == NULL)
		return make_state(state_context(fcinfo), compiled, required_argument(fcinfo, ARG_PLAN, "plan"), attributes);
	/* as a rule the call site has compared it already */
	if (state->row_plan.number != compiled->number)
	{
		check_same_plan(state->plan, required_argument(fcinfo, ARG_PLAN, "plan"));
		state->row_plan = (TariffHint) {compiled->number, compiled};
	}
	if (attributes != NULL)
		check_same_attributes(state->attributes, attributes);
	return state;
}

/* The same of every numeric, slowly. */
static pg_noinline Int128
numeric_parts(Numeric amount)
{
	Datum		value = NumericGetDatum(amount);
	Datum		units;
	Datum		parts;

	if (numeric_is_nan(amount) || numeric_is_inf(amount) ||
		DatumGetInt32(DirectFunctionCall1(numeric_min_scale, value)) > 9 ||
		DatumGetBool(DirectFunctionCall2(numeric_ge, DirectFunctionCall1(numeric_abs, value),
										 NumericGetDatum(int64_to_numeric(MAX_TRIP_AMOUNT)))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amount of a trip is out of range"),
				 errdetail("Its value is %s.", DatumGetCString(DirectFunctionCall1(numeric_out, value))),
				 errhint("Use a number of at most 18 digits before the point and 9 behind it.")));
	units = DirectFunctionCall2(numeric_trunc, value, Int32GetDatum(0));
	parts = DirectFunctionCall2(numeric_mul, DirectFunctionCall2(numeric_sub, value, units),
								NumericGetDatum(int64_to_numeric(AMOUNT_PARTS)));
	return (Int128) DatumGetInt64(DirectFunctionCall1(numeric_int8, units)) * AMOUNT_PARTS +
		DatumGetInt64(DirectFunctionCall1(numeric_int8, parts));
}

/* An amount in parts; one with more digits than they have is an error. */
static Int128
amount_argument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *amount = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(arg));
	Int128		parts;

	if (likely(stored_amount_read(VARDATA_ANY(amount), VARSIZE_ANY_EXHDR(amount), &parts)))
		return parts;
	return numeric_parts(DatumGetNumeric(PointerGetDatum(amount)));
}

/* The local date of the start, which a daily cap needs. */
static int32
date_argument(FunctionCallInfo fcinfo, int arg, CompiledTariff *compiled)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("start of a trip must not be NULL under a daily cap")));
	tariff_prepare(compiled);
	return clock_date(clock_local(&compiled->clock, start_argument(fcinfo, arg)));
}

static void
add_totals(InvoiceState *state, const PeriodTotals *more)
{
	const char *out_of_range = period_totals_add(&state->totals, more);

	if (unlikely(out_of_range != NULL))
		report_out_of_range(out_of_range);
}

/* Is it the row of a customer without trips, from an outer join? */
static bool
has_no_trip(FunctionCallInfo fcinfo, int first)
{
	return PG_ARGISNULL(first + ARG_AMOUNT) && PG_ARGISNULL(first + ARG_DURATION) &&
		PG_ARGISNULL(first + ARG_DISTANCE) && PG_ARGISNULL(first + ARG_START);
}

/*
 * Add the trip of a row, whose arguments begin at `first`, to the state of its group.
 * That exists also without a trip, so that fee and minimum are billed; the count is 0.
 */
InvoiceState *
invoice_add_row(FunctionCallInfo fcinfo, int first, PeriodTotals *trip)
{
	CompiledTariff *compiled;
	InvoiceState *state = state_argument(fcinfo, ARG_STATE);

	if (unlikely(PG_ARGISNULL(ARG_PLAN)))
		report_missing("plan");
	compiled = state == NULL ? tariff_argument(fcinfo, ARG_PLAN) :
		tariff_argument_again(fcinfo, ARG_PLAN, &state->row_plan);
	state = accum_state(fcinfo, first, compiled);
	*trip = (PeriodTotals) {0};
	if (has_no_trip(fcinfo, first))
		return state;
	trip->trip_count = 1;
	if (!PG_ARGISNULL(first + ARG_DISTANCE))
		trip->mm = distance_argument(fcinfo, first + ARG_DISTANCE);
	if (!PG_ARGISNULL(first + ARG_DURATION))
		trip->us = duration_argument(fcinfo, first + ARG_DURATION);
	if (!PG_ARGISNULL(first + ARG_AMOUNT))
		trip->amount = amount_argument(fcinfo, first + ARG_AMOUNT);
	add_totals(state, trip);
	if (state->by_date)
	{
		Provider	provider = days_provider(state);

		if (!day_amounts_add(&state->days, date_argument(fcinfo, first + ARG_START, compiled), trip->amount, &provider))
			report_out_of_range("amount");
	}
	return state;
}

/* (state, plan, started_at, distance_m, duration, amount [, attributes]) */
Datum
tripmeter_invoice_accum(PG_FUNCTION_ARGS)
{
	PeriodTotals trip;

	PG_RETURN_POINTER(invoice_add_row(fcinfo, ARG_PLAN + 1, &trip));
}

static void
add_days_and_trips(InvoiceState *state, const InvoiceState *other)
{
	Provider	provider = days_provider(state);

	if (!day_amounts_merge(&state->days, &other->days, &provider))
		report_out_of_range("amount");
	for (int64 i = 0; i < other->trips.count; i++)
		trip_list_add(state, &other->trips.items[i]);
}

static InvoiceState *
copy_state(MemoryContext context, const InvoiceState *other)
{
	InvoiceState *state = MemoryContextAlloc(context, sizeof(InvoiceState));

	*state = *other;
	state->row_plan = (TariffHint) {0};
	state->context = context;
	state->plan = copy_varlena(context, other->plan);
	if (other->attributes != NULL)
		state->attributes = (Jsonb *) copy_varlena(context, (struct varlena *) other->attributes);
	state->days = (DayAmounts) {0};
	state->trips = (TripList) {0};
	add_days_and_trips(state, other);
	return state;
}

Datum
tripmeter_invoice_combine(PG_FUNCTION_ARGS)
{
	InvoiceState *state = state_argument(fcinfo, 0);
	InvoiceState *other = state_argument(fcinfo, 1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		PG_RETURN_POINTER(copy_state(state_context(fcinfo), other));
	check_same_plan(state->plan, other->plan);
	if (other->attributes != NULL)
		check_same_attributes(state->attributes, (struct varlena *) other->attributes);
	add_totals(state, &other->totals);
	add_days_and_trips(state, other);
	PG_RETURN_POINTER(state);
}

void
send_varlena(StringInfo out, struct varlena *value)
{
	pq_sendint32(out, VARSIZE_ANY_EXHDR(value));
	pq_sendbytes(out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

struct varlena *
receive_varlena(StringInfo in)
{
	int			size = pq_getmsgint(in, 4);
	const char *bytes = pq_getmsgbytes(in, size);
	struct varlena *value = palloc(size + VARHDRSZ);

	SET_VARSIZE(value, size + VARHDRSZ);
	memcpy(VARDATA(value), bytes, size);
	return value;
}

void
send_int128(StringInfo out, Int128 value)
{
	pq_sendint64(out, (uint64) (value >> 64));
	pq_sendint64(out, (uint64) value);
}

Int128
receive_int128(StringInfo in)
{
	UInt128		high = (uint64) pq_getmsgint64(in);

	return (Int128) (high << 64 | (uint64) pq_getmsgint64(in));
}

static void
send_days(StringInfo out, const DayAmounts *days)
{
	bytea	   *bytes = palloc(VARHDRSZ + day_amounts_max_size(days));
	uint8	   *end = day_amounts_write(days, (uint8 *) VARDATA(bytes));

	SET_VARSIZE(bytes, (char *) end - (char *) bytes);
	send_varlena(out, bytes);
	pfree(bytes);
}

static void
receive_days(StringInfo in, InvoiceState *state)
{
	Provider	provider = days_provider(state);
	int			size = pq_getmsgint(in, 4);
	const char *bytes = pq_getmsgbytes(in, size);

	if (!day_amounts_read(&state->days, (const uint8 *) bytes, size, &provider))
		elog(ERROR, "damaged state of an invoice");
}

Datum
tripmeter_invoice_serial(PG_FUNCTION_ARGS)
{
	InvoiceState *state = (InvoiceState *) PG_GETARG_POINTER(0);
	StringInfoData out;

	pq_begintypsend(&out);
	send_varlena(&out, state->plan);
	pq_sendbyte(&out, state->attributes != NULL);
	if (state->attributes != NULL)
		send_varlena(&out, (struct varlena *) state->attributes);
	pq_sendbyte(&out, state->by_date);
	pq_sendint64(&out, state->totals.trip_count);
	pq_sendint64(&out, state->totals.mm);
	pq_sendint64(&out, state->totals.us);
	send_int128(&out, state->totals.amount);
	send_days(&out, &state->days);
	trip_list_write(&state->trips, &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_invoice_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	InvoiceState *state = palloc0(sizeof(InvoiceState));

	state->context = CurrentMemoryContext;
	state->plan = receive_varlena(in);
	if (pq_getmsgbyte(in))
		state->attributes = (Jsonb *) receive_varlena(in);
	state->by_date = pq_getmsgbyte(in) != 0;
	state->totals.trip_count = pq_getmsgint64(in);
	state->totals.mm = pq_getmsgint64(in);
	state->totals.us = pq_getmsgint64(in);
	state->totals.amount = receive_int128(in);
	receive_days(in, state);
	trip_list_read(state, in);
	pq_getmsgend(in);
	PG_RETURN_POINTER(state);
}

/* A number of people or days; 1 if it is not there. */
static int64
count_attribute(Jsonb *attributes, const char *name)
{
	JsonbValue	room;
	Rational	count;

	if (getKeyJsonValueFromContainer(&attributes->root, name, strlen(name), &room) == NULL || room.type == jbvNull)
		return 1;
	count = rational_reduce(decimal_member(&attributes->root, name));
	if (!in_range(count) || count.den != 1 || count.num < 0 || count.num > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" of an invoice is not a whole number", name),
				 errhint("Give a number from 0 to %d.", PG_INT32_MAX)));
	return (int64) count.num;
}

static PeriodShare
read_share(Jsonb *attributes)
{
	PeriodShare share = {
		.members = count_attribute(attributes, "members"),
		.days = count_attribute(attributes, "days"),
		.period_days = count_attribute(attributes, "period_days"),
	};

	if (share.period_days == 0 || share.days > share.period_days)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"days\" of an invoice is more than its \"period_days\""),
				 errdetail("They are %lld and %lld.", (long long) share.days, (long long) share.period_days),
				 errhint("Give both, as in {\"days\": 20, \"period_days\": 31}.")));
	return share;
}

/* The bill of a state, which is left as it is. */
FareRun *
make_invoice(FunctionCallInfo fcinfo, const InvoiceState *state)
{
	LOCAL_FCINFO(call, 2);
	PeriodTotals totals = state->totals;
	PeriodShare share;
	FareSite   *site;
	Jsonb	   *attributes = state->attributes;

	if (attributes == NULL)
		attributes = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	InitFunctionCallInfoData(*call, fcinfo->flinfo, 2, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum) {PointerGetDatum(state->plan), false};
	call->args[1] = (NullableDatum) {JsonbPGetDatum(attributes), false};
	site = fare_site(call, 1);
	share = read_share(attributes);
	if (state->by_date &&
		!day_amounts_over(&state->days, daily_cap_parts(&site->compiled->tariff.period), &totals.over_cap))
		report_out_of_range("amount");
	if (!invoice_finish(&site->run, palloc(sizeof(Tariff)), &site->compiled->tariff, &site->compiled->clock,
						&site->provider, site->attribute_results, &totals, &share))
		report_fare_out_of_range();
	return &site->run;
}

Datum
tripmeter_invoice_final(PG_FUNCTION_ARGS)
{
	FareRun    *run;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = make_invoice(fcinfo, (InvoiceState *) PG_GETARG_POINTER(0));
	return amount_datum(run, run->fare);
}

#define LINE_COLUMNS	10

static Datum
line_datum(TupleDesc desc, const FareRun *run, int number)
{
	const BillLine *line = &run->lines[number - 1];
	Datum		values[LINE_COLUMNS] = {0};
	bool		nulls[LINE_COLUMNS] = {0};

	values[0] = Int32GetDatum(number);
	values[1] = CStringGetTextDatum(tariff_line_kind_names[line->kind]);
	values[2] = CStringGetTextDatum(line->rule);
	nulls[3] = nulls[4] = nulls[5] = line->unit == NULL;
	/* trips have prices of their own */
	nulls[6] = nulls[7] = line->unit == NULL || line->kind == LINE_TRIPS;
	if (line->unit != NULL)
	{
		values[3] = rational_datum(line->quantity);
		values[4] = rational_datum(line->billed);
		values[5] = CStringGetTextDatum(line->unit);
	}
	if (!nulls[6])
	{
		values[6] = rational_datum(line->rate);
		values[7] = rational_datum(line->factor);
	}
	values[8] = rational_datum(line->exact);
	values[9] = amount_datum(run, line->amount);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

Datum
tripmeter_invoice_lines_final(PG_FUNCTION_ARGS)
{
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	desc;
	FareRun    *run;
	Datum	   *lines;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = make_invoice(fcinfo, (InvoiceState *) PG_GETARG_POINTER(0));
	fare_allocate(run);
	if (!run->fits)
		report_fare_out_of_range();
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	lines = palloc(run->line_count * sizeof(Datum));
	for (int i = 0; i < run->line_count; i++)
		lines[i] = line_datum(desc, run, i + 1);
	PG_RETURN_ARRAYTYPE_P(construct_array(lines, run->line_count, type, -1, false, TYPALIGN_DOUBLE));
}
