/*
 * track_json.c
 *		SQL: a track as OGC Moving Features JSON (OGC 19-045r3).
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "track/track_io.h"
#include "track/track_value.h"

PG_FUNCTION_INFO_V1(tripmeter_track_as_mfjson);

/* The members of a feature that are arrays, each filled as the fixes go by. */
typedef struct Feature
{
	StringInfoData datetimes;
	StringInfoData coordinates;
	StringInfoData channel_datetimes[CHANNEL_COUNT];
	StringInfoData channel_values[CHANNEL_COUNT];
} Feature;

/* Names, and units by their UN/CEFACT codes. */
static const char *const channel_names[CHANNEL_COUNT] = {[ACCURACY] = "accuracy", [SPEED] = "speed"};
static const char *const channel_units[CHANNEL_COUNT] = {[ACCURACY] = "MTR", [SPEED] = "MTS"};

static void
add_separator(StringInfo array)
{
	if (array->len > 0)
		appendStringInfoChar(array, ',');
}

/* A time in UTC, as ISO 8601 has it; with BC after it where PostgreSQL has. */
static void
add_time(StringInfo array, int64 time)
{
	char		text[TRACK_TIME_SIZE];
	char	   *zone;

	track_time_text(text, time);
	text[strcspn(text, " ")] = 'T';
	zone = strstr(text, "+00");
	add_separator(array);
	appendStringInfo(array, "\"%.*sZ%s\"", (int) (zone - text), text, zone + strlen("+00"));
}

static void
add_place(StringInfo array, Position position)
{
	char		lon[DOUBLE_SHORTEST_DECIMAL_LEN];
	char		lat[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(position.lon, lon);
	double_to_shortest_decimal_buf(position.lat, lat);
	add_separator(array);
	appendStringInfo(array, "[%s,%s]", lon, lat);
}

/* JSON has no infinity. */
static void
add_value(Feature *feature, Channel c, int64 time, float value)
{
	char		digits[FLOAT_SHORTEST_DECIMAL_LEN];

	if (!isfinite(value))
		return;
	float_to_shortest_decimal_buf(value, digits);
	add_time(&feature->channel_datetimes[c], time);
	add_separator(&feature->channel_values[c]);
	appendStringInfoString(&feature->channel_values[c], digits);
}

static void
add_fixes(Feature *feature, Datum track)
{
	TrackScan  *scan = track_scan_begin(track);
	Fix			fix;
	Channels	channels;

	while (track_scan_next(scan, &fix, &channels))
	{
		add_time(&feature->datetimes, fix.time);
		add_place(&feature->coordinates, fix.position);
		for (int c = 0; c < CHANNEL_COUNT; c++)
			add_value(feature, c, fix.time, channels.values[c]);
	}
	track_scan_end(scan);
}

static void
add_properties(StringInfo out, const Feature *feature)
{
	const char *separator = ",\"temporalProperties\":[";

	for (int c = 0; c < CHANNEL_COUNT; c++)
	{
		if (feature->channel_values[c].len == 0)
			continue;
		appendStringInfo(out, "%s{\"datetimes\":[%s],\"%s\":{\"type\":\"Measure\",\"form\":\"%s\","
						 "\"interpolation\":\"Linear\",\"values\":[%s]}}",
						 separator, feature->channel_datetimes[c].data, channel_names[c],
						 channel_units[c], feature->channel_values[c].data);
		separator = ",";
	}
	if (*separator == ',' && separator[1] == '\0')
		appendStringInfoChar(out, ']');
}

/* as_mfjson(track) -> jsonb */
Datum
tripmeter_track_as_mfjson(PG_FUNCTION_ARGS)
{
	Feature		feature;
	StringInfoData out;

	initStringInfo(&feature.datetimes);
	initStringInfo(&feature.coordinates);
	for (int c = 0; c < CHANNEL_COUNT; c++)
	{
		initStringInfo(&feature.channel_datetimes[c]);
		initStringInfo(&feature.channel_values[c]);
	}
	add_fixes(&feature, PG_GETARG_DATUM(0));
	initStringInfo(&out);
	appendStringInfo(&out, "{\"type\":\"Feature\",\"temporalGeometry\":{\"type\":\"MovingPoint\","
					 "\"interpolation\":\"Linear\",\"datetimes\":[%s],\"coordinates\":[%s]}",
					 feature.datetimes.data, feature.coordinates.data);
	add_properties(&out, &feature);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}
