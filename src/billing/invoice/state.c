/*
 * state.c
 *		The state of the aggregates of invoices: its memory, merging it, and its bytes.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "billing/invoice/state.h"
#include "compat.h"
#include "interrupts.h"
#include "tripmeter.h"

void
invoice_report_out_of_range(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s of an invoice is out of range", what)));
}

/* Check that the state may grow by so many bytes. */
static void
check_size(const InvoiceState *state, Size more)
{
	Size		bytes = state->trips.bytes + state->days.capacity * sizeof(DayBlock);

	if (unlikely(bytes + more > (Size) tripmeter_max_state_mb * 1024 * 1024))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("trips of one invoice exceed tripmeter.max_state_mb"),
				 errdetail("The limit is %d MB.", tripmeter_max_state_mb),
				 errhint("Group by customer and period, or raise tripmeter.max_state_mb.")));
}

/* Provide memory for the days of a state; they only grow. */
static void *
resize_days(void *of_state, void *old, size_t size)
{
	InvoiceState *state = of_state;

	check_size(state, size - state->days.capacity * sizeof(DayBlock));
	if (old == NULL)
		return MemoryContextAllocHuge(state->context, size);
	return repalloc_huge(old, size);
}

static inline Provider
days_provider(InvoiceState *state)
{
	return (Provider) {state, resize_days, interrupts_check};
}

/* Return a copy with a whole header. */
static struct varlena *
copy_varlena(MemoryContext context, struct varlena *value)
{
	Size		size = VARSIZE_ANY_EXHDR(value);
	struct varlena *copy = MemoryContextAlloc(context, size + VARHDRSZ);

	SET_VARSIZE(copy, size + VARHDRSZ);
	memcpy(VARDATA(copy), VARDATA_ANY(value), size);
	return copy;
}

/* Make a state without trips; `attributes` may be NULL. */
InvoiceState *
invoice_state_make(MemoryContext context, struct varlena *plan, struct varlena *attributes,
				   bool by_date)
{
	InvoiceState *state = MemoryContextAllocZero(context, sizeof(InvoiceState));

	state->context = context;
	state->plan = copy_varlena(context, plan);
	if (attributes != NULL)
		state->attributes = (Jsonb *) copy_varlena(context, attributes);
	state->by_date = by_date;
	return state;
}

static bool
same_bytes(struct varlena *a, struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

void
invoice_state_check_plan(const InvoiceState *state, struct varlena *plan)
{
	if (unlikely(!same_bytes(state->plan, plan)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a group has more than one plan"),
				 errdetail("A customer's period has one plan."),
				 errhint("Add the plan to GROUP BY.")));
}

void
invoice_state_check_attributes(const InvoiceState *state, struct varlena *attributes)
{
	Jsonb	   *first = state->attributes;
	Jsonb	   *other;

	if (first == NULL || likely(same_bytes((struct varlena *) first, attributes)))
		return;
	/* equal objects may have other bytes */
	other = (Jsonb *) copy_varlena(CurrentMemoryContext, attributes);
	if (compareJsonbContainers(&first->root, &other->root) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a group has more than one set of attributes"),
				 errdetail("They are %s and %s.",
						   JsonbToCString(NULL, &first->root, VARSIZE(first)),
						   JsonbToCString(NULL, &other->root, VARSIZE(other))),
				 errhint("Add the attributes to GROUP BY.")));
}

void
invoice_state_add_totals(InvoiceState *state, const PeriodTotals *more)
{
	const char *out_of_range = period_totals_add(&state->totals, more);

	if (unlikely(out_of_range != NULL))
		invoice_report_out_of_range(out_of_range);
}

/* Add the amount of a trip that began on a date. */
void
invoice_state_add_day(InvoiceState *state, int32 date, Int128 amount)
{
	Provider	provider = days_provider(state);

	if (!day_amounts_add(&state->days, date, amount, &provider))
		invoice_report_out_of_range("amount");
}

static void
grow_list(InvoiceState *state)
{
	TripList   *list = &state->trips;
	int64		capacity = Max(16, list->capacity * 2);
	Size		more = (capacity - list->capacity) * sizeof(SharingTrip);

	check_size(state, more);
	list->items = list->items == NULL ?
		MemoryContextAllocHuge(state->context, capacity * sizeof(SharingTrip)) :
		repalloc_huge(list->items, capacity * sizeof(SharingTrip));
	list->capacity = capacity;
	list->bytes += more;
}

/* Keep a trip for invoice_shares.  Copies its id. */
void
invoice_state_add_trip(InvoiceState *state, const SharingTrip *trip)
{
	TripList   *list = &state->trips;
	SharingTrip *added;

	CHECK_FOR_INTERRUPTS();
	if (list->count == list->capacity)
		grow_list(state);
	added = &list->items[list->count];
	*added = *trip;
	added->id = copy_varlena(state->context, trip->id);
	list->bytes += GetMemoryChunkSpace(added->id);
	check_size(state, 0);
	list->count++;
}

static void
add_days_and_trips(InvoiceState *state, const InvoiceState *other)
{
	Provider	provider = days_provider(state);

	if (!day_amounts_merge(&state->days, &other->days, &provider))
		invoice_report_out_of_range("amount");
	for (int64 i = 0; i < other->trips.count; i++)
		invoice_state_add_trip(state, &other->trips.items[i]);
}

/* Add another state of the same group. */
void
invoice_state_merge(InvoiceState *state, const InvoiceState *other)
{
	invoice_state_check_plan(state, other->plan);
	if (other->attributes != NULL)
		invoice_state_check_attributes(state, (struct varlena *) other->attributes);
	invoice_state_add_totals(state, &other->totals);
	add_days_and_trips(state, other);
}

/* Copy a state with all that it points to. */
InvoiceState *
invoice_state_copy(MemoryContext context, const InvoiceState *other)
{
	InvoiceState *state = invoice_state_make(context, other->plan,
											 (struct varlena *) other->attributes,
											 other->by_date);

	state->totals = other->totals;
	add_days_and_trips(state, other);
	return state;
}

static void
send_varlena(StringInfo out, struct varlena *value)
{
	pq_sendint32(out, VARSIZE_ANY_EXHDR(value));
	pq_sendbytes(out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static struct varlena *
receive_varlena(StringInfo in)
{
	int			size = pq_getmsgint(in, 4);
	const char *bytes = pq_getmsgbytes(in, size);
	struct varlena *value = palloc(size + VARHDRSZ);

	SET_VARSIZE(value, size + VARHDRSZ);
	memcpy(VARDATA(value), bytes, size);
	return value;
}

static void
send_int128(StringInfo out, Int128 value)
{
	pq_sendint64(out, (uint64) (value >> 64));
	pq_sendint64(out, (uint64) value);
}

static Int128
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

static void
send_trips(StringInfo out, const TripList *list)
{
	pq_sendint64(out, list->count);
	for (int64 i = 0; i < list->count; i++)
	{
		const SharingTrip *trip = &list->items[i];

		CHECK_FOR_INTERRUPTS();
		send_varlena(out, trip->id);
		pq_sendint64(out, trip->start);
		pq_sendint64(out, trip->mm);
		pq_sendint64(out, trip->us);
		send_int128(out, trip->amount);
	}
}

static void
receive_trips(StringInfo in, InvoiceState *state)
{
	int64		count = pq_getmsgint64(in);

	for (int64 i = 0; i < count; i++)
	{
		SharingTrip trip = {.id = receive_varlena(in)};

		trip.start = pq_getmsgint64(in);
		trip.mm = pq_getmsgint64(in);
		trip.us = pq_getmsgint64(in);
		trip.amount = receive_int128(in);
		invoice_state_add_trip(state, &trip);
		pfree(trip.id);
	}
}

static void
send_totals(StringInfo out, const PeriodTotals *totals)
{
	pq_sendint64(out, totals->trip_count);
	pq_sendint64(out, totals->mm);
	pq_sendint64(out, totals->us);
	send_int128(out, totals->amount);
}

static void
receive_totals(StringInfo in, PeriodTotals *totals)
{
	totals->trip_count = pq_getmsgint64(in);
	totals->mm = pq_getmsgint64(in);
	totals->us = pq_getmsgint64(in);
	totals->amount = receive_int128(in);
}

/* Write a state for another process. */
void
invoice_state_write(const InvoiceState *state, StringInfo out)
{
	send_varlena(out, state->plan);
	pq_sendbyte(out, state->attributes != NULL);
	if (state->attributes != NULL)
		send_varlena(out, (struct varlena *) state->attributes);
	pq_sendbyte(out, state->by_date);
	send_totals(out, &state->totals);
	send_days(out, &state->days);
	send_trips(out, &state->trips);
}

/* Read such a state into the current memory context. */
InvoiceState *
invoice_state_read(StringInfo in)
{
	InvoiceState *state = palloc0(sizeof(InvoiceState));

	state->context = CurrentMemoryContext;
	state->plan = receive_varlena(in);
	if (pq_getmsgbyte(in))
		state->attributes = (Jsonb *) receive_varlena(in);
	state->by_date = pq_getmsgbyte(in) != 0;
	receive_totals(in, &state->totals);
	receive_days(in, state);
	receive_trips(in, state);
	return state;
}
