/*
 * track_io.c
 *		The type track: its text and binary forms.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "track/track_io.h"
#include "track/track_text.h"
#include "track/track_value.h"

PG_FUNCTION_INFO_V1(tripmeter_track_in);
PG_FUNCTION_INFO_V1(tripmeter_track_out);
PG_FUNCTION_INFO_V1(tripmeter_track_as_text);
PG_FUNCTION_INFO_V1(tripmeter_track_recv);
PG_FUNCTION_INFO_V1(tripmeter_track_send);

/* Read the time of a fix.  False after a soft error. */
static bool
parse_time(const TextFix *fix, int64 *time, Node *escontext)
{
	char	   *text = pnstrdup(fix->time, fix->time_length);
	Datum		value;
	bool		good = DirectInputFunctionCallSafe(timestamptz_in, text, InvalidOid, -1, escontext, &value);

	pfree(text);
	if (good)
		*time = DatumGetTimestampTz(value);
	return good;
}

/* How many bytes of a text are whole characters within a limit? */
static int
clipped(const char *text, int limit)
{
	return pg_mbcliplen(text, strnlen(text, limit + MAX_MULTIBYTE_CHAR_LEN), limit);
}

static pg_noinline void
report_syntax(const char *text, const char *at, Node *escontext)
{
	errsave(escontext,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s%s\"", "track",
					clipped(text, 60), text, strlen(text) > 60 ? "..." : ""),
			 *at == '\0' ? errdetail("The text ends too early.")
			 : errdetail("There is no way to go on with \"%.*s\", at character %d.",
						 clipped(at, 20), at, pg_mbstrlen_with_len(text, (int) (at - text)) + 1),
			 errhint("Write [POINT(126.9 37.5)@2024-01-01 00:00:00+00, POINT(...)@..., ...], longitude first.")));
}

/* Refuse what MobilityDB has and a track has not, by its name, which ends at a semicolon. */
static pg_noinline void
report_prefix(TextItem item, const char *name, Node *escontext)
{
	int			length = clipped(name, (int) Min(strcspn(name, ";"), 60));

	if (item == TEXT_SRID)
		errsave(escontext,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("coordinates are not in SRID 4326"),
				 errdetail("Their SRID is %.*s.", length, name),
				 errhint("In MobilityDB, use transform(..., 4326).")));
	else
		errsave(escontext,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("interpolation of a track must be Linear or Discrete"),
				 errdetail("It is %.*s.", length, name),
				 errhint("A track is taken to move evenly between two fixes. "
						 "In MobilityDB, use setInterp(..., 'linear') if that is right.")));
}

/* Text may have its fixes in any order and more than once, as rows may. */
Datum
tripmeter_track_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	FixBuffer	buffer;
	TextReader	reader;
	TextFix		fix;
	TextItem	item;
	int64		time;

	fix_buffer_init(&buffer, CurrentMemoryContext, CHANNEL_COUNT);
	track_text_start(&reader, text);
	while ((item = track_text_next(&reader, &fix)) == TEXT_FIX)
	{
		if (!parse_time(&fix, &time, fcinfo->context))
			PG_RETURN_NULL();
		fix_buffer_add(&buffer, time, fix.position, fix.channels);
	}
	if (item == TEXT_ERROR)
		report_syntax(text, reader.at, fcinfo->context);
	else if (item != TEXT_END)
		report_prefix(item, reader.at, fcinfo->context);
	if (item != TEXT_END)
		PG_RETURN_NULL();
	left_out_add(&buffer.left_out, &reader.left_out);
	PG_RETURN_POINTER(track_from_buffer(&buffer));
}

static void
append_double(StringInfo out, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(out, digits);
}

static void
append_channel(StringInfo out, const char *name, float value)
{
	char		digits[FLOAT_SHORTEST_DECIMAL_LEN];

	if (isnan(value))
		return;
	float_to_shortest_decimal_buf(value, digits);
	appendStringInfo(out, " %s=%s", name, digits);
}

/* A time in UTC, whatever the session's settings. */
void
track_time_text(char *text, int64 time)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		track_report_damage();
	tm.tm_isdst = 0;			/* or the zone would be left out */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, text);
}

static void
append_left_out(StringInfo out, LeftOut *left_out)
{
	NamedCount	counts[LEFT_OUT_COUNTS];
	const char *separator = " left_out(";

	track_left_out_names(left_out, counts);
	for (int i = 0; i < LEFT_OUT_COUNTS; i++)
	{
		if (*counts[i].count == 0)
			continue;
		appendStringInfo(out, "%s%s=" INT64_FORMAT, separator, counts[i].name, *counts[i].count);
		separator = " ";
	}
	if (*separator == ' ' && separator[1] == '\0')
		appendStringInfoChar(out, ')');
}

static void
append_fix(StringInfo out, const Fix *fix)
{
	char		time[TRACK_TIME_SIZE];

	track_time_text(time, fix->time);
	appendStringInfoString(out, "POINT(");
	append_double(out, fix->position.lon);
	appendStringInfoChar(out, ' ');
	append_double(out, fix->position.lat);
	appendStringInfo(out, ")@%s", time);
}

/* With all that the track has, or only with what MobilityDB has words for. */
static char *
track_text(Datum value, bool all)
{
	TrackScan  *scan = track_scan_begin(value);
	StringInfoData out;
	Fix			fix;
	Channels	channels;
	const char *separator = "[";

	initStringInfo(&out);
	while (track_scan_next(scan, &fix, &channels))
	{
		appendStringInfoString(&out, separator);
		append_fix(&out, &fix);
		separator = ", ";
		if (!all)
			continue;
		append_channel(&out, "speed", channels.values[SPEED]);
		append_channel(&out, "accuracy", channels.values[ACCURACY]);
	}
	appendStringInfoString(&out, out.len == 0 ? "[]" : "]");
	if (all)
		append_left_out(&out, &scan->reader.header.left_out);
	track_scan_end(scan);
	return out.data;
}

Datum
tripmeter_track_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(track_text(PG_GETARG_DATUM(0), true));
}

/* as_text(track) -> text: the positions and times alone */
Datum
tripmeter_track_as_text(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(track_text(PG_GETARG_DATUM(0), false)));
}

/*
 * Whoever made these bytes, the track is built anew of its fixes, so that what the
 * header says is true and equal tracks have equal bytes.
 */
Datum
tripmeter_track_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	const uint8 *bytes = (const uint8 *) pq_getmsgbytes(in, size);
	TrackWriter *writer = track_writer_make();
	TrackReader check,
				reader;
	bool		good = track_reader_open(&reader, bytes, size);

	check = reader;
	if (!good || !track_reader_valid(&check) || !track_writer_rebuild(writer, &reader))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of a track")));
	PG_RETURN_POINTER(track_writer_value(writer));
}

Datum
tripmeter_track_send(PG_FUNCTION_ARGS)
{
	struct varlena *bytes = PG_GETARG_VARLENA_PP(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbytes(&out, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}
