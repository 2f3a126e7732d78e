/*
 * track_gpx.c
 *		SQL: a track as GPX 1.1, with speeds in Garmin's TrackPointExtension, version 2,
 *		because GPX 1.1 has no element of its own for them.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "compat.h"
#include "track/track_io.h"
#include "track/track_value.h"

PG_FUNCTION_INFO_V1(tripmeter_track_as_gpx);

#define GPX_START \
	"<gpx xmlns=\"http://www.topografix.com/GPX/1/1\"" \
	" xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v2\"" \
	" version=\"1.1\" creator=\"tripmeter\"><trk><trkseg>"
#define GPX_END	"</trkseg></trk></gpx>"

/*
 * A coordinate with all its digits, and without an exponent, which the schema's decimals have
 * not: 1.5e-05 is 0.000015.
 */
static void
add_decimal(StringInfo out, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];
	char	   *exponent;

	double_to_shortest_decimal_buf(value, digits);
	exponent = strchr(digits, 'e');
	if (exponent == NULL)
	{
		appendStringInfoString(out, digits);
		return;
	}
	/* degrees are below 1e15, so that the exponent is negative */
	appendStringInfoString(out, value < 0 ? "-0." : "0.");
	for (int zeros = -atoi(exponent + 1) - 1; zeros > 0; zeros--)
		appendStringInfoChar(out, '0');
	for (const char *c = digits; c < exponent; c++)
		if (*c >= '0' && *c <= '9')
			appendStringInfoChar(out, *c);
}

/* A time in UTC, as XML Schema has it: years before Christ are negative. */
static void
add_time(StringInfo out, int64 time)
{
	char		text[TRACK_TIME_SIZE];
	char	   *zone;

	track_time_text(text, time);
	text[strcspn(text, " ")] = 'T';
	zone = strstr(text, "+00");
	appendStringInfo(out, "<time>%s%.*sZ</time>", strstr(zone, "BC") ? "-" : "",
					 (int) (zone - text), text);
}

static void
add_speed(StringInfo out, float speed)
{
	char		digits[FLOAT_SHORTEST_DECIMAL_LEN];

	if (!isfinite(speed))
		return;
	float_to_shortest_decimal_buf(speed, digits);
	appendStringInfo(out, "<extensions><gpxtpx:TrackPointExtension><gpxtpx:speed>%s"
					 "</gpxtpx:speed></gpxtpx:TrackPointExtension></extensions>", digits);
}

/* as_gpx(track) -> xml */
Datum
tripmeter_track_as_gpx(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	StringInfoData out;
	Fix			fix;
	Channels	channels;

	initStringInfo(&out);
	appendStringInfoString(&out, GPX_START);
	while (track_scan_next(scan, &fix, &channels))
	{
		appendStringInfoString(&out, "<trkpt lat=\"");
		add_decimal(&out, fix.position.lat);
		appendStringInfoString(&out, "\" lon=\"");
		add_decimal(&out, fix.position.lon);
		appendStringInfoString(&out, "\">");
		add_time(&out, fix.time);
		add_speed(&out, channels.values[SPEED]);
		appendStringInfoString(&out, "</trkpt>");
	}
	appendStringInfoString(&out, GPX_END);
	track_scan_end(scan);
	/* an xml value has the form of a text */
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
