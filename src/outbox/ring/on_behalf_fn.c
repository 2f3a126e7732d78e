/*
 * on_behalf_fn.c
 *		SQL: the way into what consumers and table owners call.
 *
 * Such a function changes tables that its caller may not touch, and must know who that is.
 * A SECURITY DEFINER function cannot: in it the current user is its owner, and the
 * session's user may have called it through somebody else's function. So what is called is
 * a function of C, which runs as its caller. It passes the caller on to the function that
 * does the work, as its first argument; that one is SECURITY DEFINER, and granted to nobody.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/syscache.h"

#include "compat.h"
#include "outbox/ring/catalog.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_as_owner);

/* The internal function of the same name with _as behind it, and the caller before the arguments. */
static Oid
find_worker(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	char	   *name;
	Oid			arguments[FUNC_MAX_ARGS] = {OIDOID};
	Oid			worker;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	name = psprintf("%s_as", NameStr(form->proname));
	memcpy(&arguments[1], form->proargtypes.values, form->pronargs * sizeof(Oid));
	worker = outbox_function(name, form->pronargs + 1, arguments);
	ReleaseSysCache(tuple);
	return worker;
}

/* Calls the function that does the work, on behalf of whoever is the current user. */
Datum
tripmeter_outbox_as_owner(PG_FUNCTION_ARGS)
{
	FmgrInfo   *worker = (FmgrInfo *) fcinfo->flinfo->fn_extra;
	Datum		result;

	LOCAL_FCINFO(call, FUNC_MAX_ARGS);

	if (worker == NULL)
	{
		worker = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FmgrInfo));
		fmgr_info_cxt(find_worker(fcinfo->flinfo->fn_oid), worker, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = worker;
	}
	InitFunctionCallInfoData(*call, worker, fcinfo->nargs + 1, fcinfo->fncollation, fcinfo->context, fcinfo->resultinfo);
	call->args[0].value = ObjectIdGetDatum(GetUserId());
	call->args[0].isnull = false;
	memcpy(&call->args[1], fcinfo->args, fcinfo->nargs * sizeof(NullableDatum));
	result = FunctionCallInvoke(call);
	fcinfo->isnull = call->isnull;
	return result;
}
