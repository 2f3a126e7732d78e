/*
 * wait_fn.c
 *		Waiting for events: sleeps while no transaction ends, looks when one has.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "outbox/ring/catalog.h"

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

/* The call of outbox_look: by its OID, because whoever waits has no right to name it. */
typedef struct Look
{
	FmgrInfo	function;
	MemoryContext context;		/* of one call */
	Oid			collation;
	NullableDatum args[4];		/* the caller, the consumer, the worker, a tick up to which there was nothing */
} Look;

static void
look_begin(Look *look, FunctionCallInfo fcinfo)
{
	Oid			types[4] = {OIDOID, TEXTOID, TEXTOID, INT8OID};

	memset(look, 0, sizeof(*look));
	fmgr_info(outbox_function("outbox_look", 4, types), &look->function);
	look->context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox look", ALLOCSET_SMALL_SIZES);
	look->collation = PG_GET_COLLATION();
	look->args[0].value = ObjectIdGetDatum(GetUserId());
	look->args[1] = fcinfo->args[0];
	look->args[2] = fcinfo->args[2];
	look->args[3].isnull = true;
}

/* Asks outbox_look, and remembers up to which tick there was nothing. */
static bool
look_once(Look *look, bool again)
{
	MemoryContext context = MemoryContextSwitchTo(look->context);
	HeapTupleHeader answer;
	Datum		latest;
	bool		found;
	bool		isnull;

	LOCAL_FCINFO(call, 4);

	InitFunctionCallInfoData(*call, &look->function, 4, look->collation, NULL, NULL);
	memcpy(call->args, look->args, sizeof(look->args));
	call->args[3].isnull |= again;
	answer = DatumGetHeapTupleHeader(FunctionCallInvoke(call));
	found = DatumGetBool(GetAttributeByNum(answer, 1, &isnull));
	latest = GetAttributeByNum(answer, 2, &isnull);
	MemoryContextSwitchTo(context);
	/* a copy: where a bigint is not passed by value, it goes with the answer */
	look->args[3].value = isnull ? (Datum) 0 : Int64GetDatum(DatumGetInt64(latest));
	look->args[3].isnull = isnull;
	MemoryContextReset(look->context);
	return found;
}

/*
 * The same in a subtransaction that is rolled back, for that gives back its locks: slots at
 * which somebody waits could not be truncated.
 */
static bool
look_and_let_go(Look *look, bool again)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool found = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		found = look_once(look, again);
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
	int64		timeout = timeout_argument(fcinfo);
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz looked = start;
	uint64		ended;
	Look		look;
	bool		found;

	look_begin(&look, fcinfo);
	ended = transactions_ended();
	found = look_and_let_go(&look, true);
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
		found = look_and_let_go(&look, late);
	}
	PG_RETURN_BOOL(found);
}
