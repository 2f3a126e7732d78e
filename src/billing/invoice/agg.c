/*
 * agg.c
 *		SQL: the aggregates invoice() and invoice_lines(), and what they share with
 *		invoice_shares().
 */
#include "postgres.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "billing/fare/datum.h"
#include "billing/invoice/row.h"
#include "billing/invoice/settle.h"
#include "compat.h"
#include "track/agg_state.h"

PG_FUNCTION_INFO_V1(tripmeter_invoice_accum);
PG_FUNCTION_INFO_V1(tripmeter_invoice_combine);
PG_FUNCTION_INFO_V1(tripmeter_invoice_serial);
PG_FUNCTION_INFO_V1(tripmeter_invoice_deserial);
PG_FUNCTION_INFO_V1(tripmeter_invoice_final);
PG_FUNCTION_INFO_V1(tripmeter_invoice_lines_final);

/* (state, plan, started_at, distance_m, duration, amount [, attributes]) */
Datum
tripmeter_invoice_accum(PG_FUNCTION_ARGS)
{
	PeriodTotals trip;

	PG_RETURN_POINTER(invoice_add_row(fcinfo, ARG_PLAN + 1, &trip));
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
		PG_RETURN_POINTER(invoice_state_copy(state_context(fcinfo), other));
	invoice_state_merge(state, other);
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_invoice_serial(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	pq_begintypsend(&out);
	invoice_state_write((InvoiceState *) PG_GETARG_POINTER(0), &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_invoice_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	InvoiceState *state = invoice_state_read(in);

	pq_getmsgend(in);
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_invoice_final(PG_FUNCTION_ARGS)
{
	FareRun    *run;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = invoice_settle(fcinfo->flinfo, (InvoiceState *) PG_GETARG_POINTER(0));
	return fare_amount_datum(&run->bill, run->bill.fare);
}

/* line, kind, rule, and the columns that all bills have */
#define LINE_COLUMNS	(3 + FARE_LINE_COLUMNS)

static Datum
line_datum(TupleDesc desc, const FareBill *bill, int number)
{
	const BillLine *line = &bill->lines[number - 1];
	Datum		values[LINE_COLUMNS] = {0};
	bool		nulls[LINE_COLUMNS] = {0};

	values[0] = Int32GetDatum(number);
	values[1] = CStringGetTextDatum(tariff_line_kind_names[line->kind]);
	values[2] = CStringGetTextDatum(line->rule);
	fare_line_columns(bill, line, values + 3, nulls + 3);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

Datum
tripmeter_invoice_lines_final(PG_FUNCTION_ARGS)
{
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	desc;
	FareRun    *run;
	const FareBill *bill;
	Datum	   *lines;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = invoice_settle(fcinfo->flinfo, (InvoiceState *) PG_GETARG_POINTER(0));
	fare_allocate(run);
	bill = &run->bill;
	if (!bill->fits)
		fare_report_out_of_range();
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	lines = palloc(bill->line_count * sizeof(Datum));
	for (int i = 0; i < bill->line_count; i++)
		lines[i] = line_datum(desc, bill, i + 1);
	PG_RETURN_ARRAYTYPE_P(construct_array(lines, bill->line_count, type, -1, false,
										  TYPALIGN_DOUBLE));
}
