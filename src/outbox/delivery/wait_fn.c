/*
 * wait_fn.c
 *		Waiting for events: sleeps while no transaction ends, looks when one has.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"

/* How often it is checked whether a transaction has ended; that costs next to nothing. */
#define NAP_MS 20
/* How often it looks even so, for retries that are due and leases that have expired. */
#define LOOK_MS 1000

PG_FUNCTION_INFO_V1(tripmeter_outbox_wait);

/* How many transactions that had an id have ended. Read without a lock: being late by a nap does no harm. */
static uint64
transactions_ended(void)
{
#if PG_VERSION_NUM >= 170000
	return TransamVariables->xactCompletionCount;
#else
	return ShmemVariableCache->xactCompletionCount;
#endif
}

/* Asks outbox_look, and remembers up to which tick there was nothing. */
static bool
look(SPIPlanPtr plan, Datum *args, char *nulls, bool again)
{
	bool		isnull;
	bool		found;
	Datum		latest;

	if (again)
		nulls[2] = 'n';
	if (SPI_execute_plan(plan, args, nulls, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not look for events");
	found = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	latest = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	/* a copy: where a bigint is not passed by value, SPI's goes with the table */
	if (!isnull)
		args[2] = Int64GetDatum(DatumGetInt64(latest));
	nulls[2] = isnull ? 'n' : ' ';
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/*
 * The same in a subtransaction that is rolled back, for that gives back its locks: slots at
 * which somebody waits could not be truncated.
 */
static bool
look_and_let_go(SPIPlanPtr plan, Datum *args, char *nulls, bool again)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool found = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		found = look(plan, args, nulls, again);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
	return found;
}

static int64
milliseconds(Interval *interval)
{
	int64		days = (int64) interval->month * DAYS_PER_MONTH + interval->day;

	/* what is longer than a lifetime would overflow */
	return Min(days, 36525) * SECS_PER_DAY * 1000 + Min(interval->time / 1000, INT64_C(36525) * SECS_PER_DAY * 1000);
}

static int64
timeout_argument(FunctionCallInfo fcinfo)
{
	int64		timeout = PG_ARGISNULL(1) ? -1 : milliseconds(PG_GETARG_INTERVAL_P(1));

	if (timeout < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the timeout must not be NULL or negative")));
	return timeout;
}

/* Waits for events of a consumer that a worker could receive. */
Datum
tripmeter_outbox_wait(PG_FUNCTION_ARGS)
{
	Oid			types[3] = {TEXTOID, TEXTOID, INT8OID};
	Datum		args[3] = {0};
	char		nulls[4] = {' ', ' ', 'n', '\0'};
	int64		timeout = timeout_argument(fcinfo);
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz looked = start;
	uint64		ended;
	SPIPlanPtr	plan;
	bool		found;

	for (int i = 0; i < 2; i++)
	{
		nulls[i] = PG_ARGISNULL(i * 2) ? 'n' : ' ';
		args[i] = PG_ARGISNULL(i * 2) ? (Datum) 0 : PG_GETARG_DATUM(i * 2);
	}
	SPI_connect();
	plan = SPI_prepare("SELECT ready, latest FROM tripmeter.outbox_look($1, $2, $3)", 3, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare to look for events");
	ended = transactions_ended();
	found = look_and_let_go(plan, args, nulls, true);
	while (!found && GetCurrentTimestamp() - start < timeout * 1000)
	{
		bool		late;

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Min(NAP_MS, timeout), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		late = TimestampDifferenceExceeds(looked, GetCurrentTimestamp(), LOOK_MS);
		if (!late && ended == transactions_ended())
			continue;
		ended = transactions_ended();
		looked = GetCurrentTimestamp();
		found = look_and_let_go(plan, args, nulls, late);
	}
	SPI_finish();
	PG_RETURN_BOOL(found);
}
