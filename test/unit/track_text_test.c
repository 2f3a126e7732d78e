/*
 * track_text_test.c
 *		Texts that are a track's and texts that are not, by table; texts damaged at
 *		random, which must be read within their bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "track/track_text.h"

/* What is read of a text, written in one way. */
typedef struct Reading
{
	TextItem	end;
	size_t		stopped_at;		/* characters from the start */
	char		text[1000];
} Reading;

static void
append(Reading *reading, const char *format,...)
{
	size_t		length = strlen(reading->text);
	va_list		args;

	va_start(args, format);
	vsnprintf(reading->text + length, sizeof(reading->text) - length, format, args);
	va_end(args);
}

static void
append_left_out(Reading *reading, LeftOut *left_out)
{
	NamedCount	counts[LEFT_OUT_COUNTS];

	track_left_out_names(left_out, counts);
	for (int i = 0; i < LEFT_OUT_COUNTS; i++)
		if (*counts[i].count != 0)
			append(reading, "%s=%lld;", counts[i].name, (long long) *counts[i].count);
}

static Reading
read_text(const char *text)
{
	Reading		reading = {.text = ""};
	TextReader	reader;
	TextFix		fix;

	track_text_start(&reader, text);
	while ((reading.end = track_text_next(&reader, &fix)) == TEXT_FIX)
		append(&reading, "%g %g %g %g %.*s;", fix.position.lon, fix.position.lat,
			   fix.channels.values[SPEED], fix.channels.values[ACCURACY],
			   (int) fix.time_length, fix.time);
	append_left_out(&reading, &reader.left_out);
	reading.stopped_at = (size_t) (reader.at - text);
	return reading;
}

static void
test_accepted(void)
{
	static const struct
	{
		const char *text;
		const char *reading;
	}			cases[] = {
		{"[]", ""},
		{" { } ", ""},
		{"[ ) ", ""},
		{"POINT(1 2)@now", "1 2 nan nan now;"},
		{"[POINT(1 2)@a, POINT(3 4)@b]", "1 2 nan nan a;3 4 nan nan b;"},
		{"(POINT(1 2)@a,POINT(3 4)@b)", "1 2 nan nan a;3 4 nan nan b;"},
		{"{POINT(1 2)@a}", "1 2 nan nan a;"},
		{"{[POINT(1 2)@a), (POINT(3 4)@b]}", "1 2 nan nan a;3 4 nan nan b;"},
		{"SRID=4326;[POINT(1 2)@a]", "1 2 nan nan a;"},
		{" srid=4326; interp=linear;[POINT(1 2)@a]", "1 2 nan nan a;"},
		{"Interp=Discrete;{POINT(1 2)@a}", "1 2 nan nan a;"},
		{"POINT Z (1 2 3)@a", "1 2 nan nan a;"},
		{"[POINTZ(1 2 -3e2 )@a, point z(4 5 nan) @b]", "1 2 nan nan a;4 5 nan nan b;"},
		{"[POINT(1 2 3)@a]", "1 2 nan nan a;"},
		{"[POINT( 1 2 )@a]", "1 2 nan nan a;"},
		{"Interp=Linear;[POINT(1 2)@a]", "1 2 nan nan a;"},
		{"point ( -1e1 +.5 ) @ 2024-01-01 09:00:00+09 ", "-10 0.5 nan nan 2024-01-01 09:00:00+09;"},
		{"[POINT(1 2)@44-03-15 BC , POINT(0x10 inf)@b\n]", "1 2 nan nan 44-03-15 BC;16 inf nan nan b;"},
		{"[POINT(1 2)@a b speed=3 accuracy=4.5]", "1 2 3 4.5 a b;"},
		{"[POINT(1 2)@a accuracy=4\tspeed=-3]", "1 2 -3 4 a;"},
		{"[POINT(1 2)@a speed=1, POINT(1 2)@b]", "1 2 1 nan a;1 2 nan nan b;"},
		{"[] left_out()", ""},
		{"[]left_out(null=1 conflict=576460752303423487)", "null=1;conflict=576460752303423487;"},
		{"[POINT(1 2)@a] left_out( invalid=2 null_island_duplicate=3null_island_conflict=4 duplicate=5 ) ",
		"1 2 nan nan a;invalid=2;duplicate=5;null_island_duplicate=3;null_island_conflict=4;"},
	};

	for (int i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++)
	{
		Reading		reading = read_text(cases[i].text);

		if (!ok(reading.end == TEXT_END && strcmp(reading.text, cases[i].reading) == 0,
				"accepts: %s", cases[i].text))
			printf("# %s\n", reading.text);
	}
}

/* A bar is where there is no way to go on. */
static void
test_refused(void)
{
	static const char *const cases[] = {
		"|",
		"  |",
		"point|",
		"POINT|[1 2)@a",
		"[|",
		"[|,]",
		"[POINT(1 2)@a|",
		"[POINT(1 2)@a,|]",
		"[POINT(1 2)@a,|,POINT(1 2)@b]",
		"[POINT(1 2)@a|}",
		"{POINT(1 2)@a|]",
		"[|[POINT(1 2)@a]]",
		"[|{POINT(1 2)@a}]",
		"{|{POINT(1 2)@a}}",
		"{[|]}",
		"{[POINT(1 2)@a]|",
		"{[POINT(1 2)@a],|}",
		"{[POINT(1 2)@a]|[POINT(1 2)@b]}",
		"[POINT(1 2)@a]|]",
		"[POINT(1 2)@a] |[POINT(1 2)@b]",
		"POINT(1 2)@a|, POINT(1 2)@b",
		"[POINT(|)@a]",
		"[POINT(1|)@a]",
		"[POINT(1|, 2)@a]",
		"[POINT(1 2| x)@a]",
		"[POINT(1 2.5|.5)@a]",
		"[POINT(1 2 3 |4)@a]",
		"[POINT Z (1 2|)@a]",
		"[POINT |M (1 2 3)@a]",
		"[POINT Z|M (1 2 3 4)@a]",
		"[POINT(1 2) |2024-01-01]",
		"[POINT(1 2)@|]",
		"[POINT(1 2)@|, POINT(1 2)@a]",
		"[POINT(1 2)@a speed=|]",
		"[POINT(1 2)@a speed=|fast]",
		"[POINT(1 2)@a speed=1 speed=|2]",
		"[POINT(1 2)@a accuracy=1 |b]",
		"|LINESTRING(1 2)@a",
		"|SRID=;[]",
		"|SRID=4326[]",
		"|SRID=-4326;[]",
		"|Interp=;[]",
		"|Interp=Linear[]",
		"SRID=4326;|SRID=4326;[]",
		"[] left_out|",
		"[] left_out(|",
		"[] left_out(|null)",
		"[] left_out(null=|)",
		"[] left_out(null=|-1)",
		"[] left_out(null=| 1)",
		"[] left_out(|lost=1)",
		"[] left_out(|NULL=1)",
		"[] left_out(null=1 null|=1)",
		"[] left_out(null=57646075230342348|8)",
		"[] left_out(null=57646075230342348|89999999999999999999999999)",
		"|left_out(null=1)",
		"[] |and more",
	};

	for (int i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++)
	{
		size_t		bar = strcspn(cases[i], "|");
		char		text[200];
		Reading		reading;

		snprintf(text, sizeof(text), "%.*s%s", (int) bar, cases[i], cases[i] + bar + 1);
		reading = read_text(text);
		if (!ok(reading.end == TEXT_ERROR && reading.stopped_at == bar,
				"refuses: %s", cases[i]))
			printf("# stopped at %zu, after %s\n", reading.stopped_at, reading.text);
	}
}

/* Another reference system or interpolation is named, where the bar is. */
static void
test_refused_prefixes(void)
{
	static const struct
	{
		const char *text;
		TextItem	end;
	}			cases[] = {
		{"SRID=|3857;[POINT(1 2)@a]", TEXT_SRID},
		{" srid=|43260;Interp=Step;[]", TEXT_SRID},
		{"SRID=|0;[]", TEXT_SRID},
		{"Interp=|Step;[]", TEXT_INTERPOLATION},
		{"SRID=4326;interp=|stepwise;{[]}", TEXT_INTERPOLATION},
		{"SRID=4326; Interp=|Line;[]", TEXT_INTERPOLATION},
	};

	for (int i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++)
	{
		size_t		bar = strcspn(cases[i].text, "|");
		char		text[200];
		Reading		reading;

		snprintf(text, sizeof(text), "%.*s%s", (int) bar, cases[i].text, cases[i].text + bar + 1);
		reading = read_text(text);
		ok(reading.end == cases[i].end && reading.stopped_at == bar, "names: %s", cases[i].text);
	}
}

/* A value that is not there is NaN, never what the fix before had. */
static void
test_exact_numbers(void)
{
	TextReader	reader;
	TextFix		fix;

	track_text_start(&reader, "POINT(126.97796919000001 5e-324)@a speed=0.1 accuracy=16777217");
	ok(track_text_next(&reader, &fix) == TEXT_FIX &&
	   fix.position.lon == 126.97796919000001 && fix.position.lat == 5e-324 &&
	   fix.channels.values[SPEED] == 0.1f && fix.channels.values[ACCURACY] == 16777216.0f,
	   "numbers are read to the last bit");
	track_text_start(&reader, "POINT(1 2)@a speed=0.1000000089406967236779");
	ok(track_text_next(&reader, &fix) == TEXT_FIX &&
	   fix.channels.values[SPEED] == strtof("0.1000000089406967236779", NULL) &&
	   isnan(fix.channels.values[ACCURACY]), "a single is rounded once");
}

static const char *const samples[] = {
	"[POINT(126.9 37.5)@2024-01-01 00:00:00+00, POINT(126.91 37.51)@2024-01-01 00:00:10.5+00]",
	"SRID=4326;Interp=Linear;{[POINT(1 2)@a, POINT Z (1 3 5)@b), (POINT(1 4 5)@c]}",
	"[POINT(1 2)@2024-01-01 speed=8.5 accuracy=4, POINT(1 3)@b] left_out(null=1 duplicate=22)",
};

static void
damage(char *text, size_t length)
{
	static const char likely[] = "[](){}@,= ;0123456789.eE+-nifPOINTspeedlft_ou\0\xff";

	for (int i = random_below(6); i >= 0; i--)
		text[random_below((int) length)] = random_below(3) ? likely[random_below((int) sizeof(likely))]
			: text[random_below((int) length)];
}

/* Does every fix lie in the text, behind the one before? */
static bool
reads_within(const char *text)
{
	const char *end = text + strlen(text);
	TextReader	reader;
	TextFix		fix;
	const char *at;
	TextItem	item;

	track_text_start(&reader, text);
	for (at = reader.at; (item = track_text_next(&reader, &fix)) == TEXT_FIX; at = reader.at)
		if (fix.time <= at || fix.time_length == 0 || fix.time + fix.time_length > reader.at || reader.at > end)
			return false;
	return reader.at <= end && (item != TEXT_END || reader.at == end);
}

static void
test_damaged(void)
{
	bool		within = true;
	int			accepted = 0;

	for (int round = 0; round < 300000; round++)
	{
		const char *sample = samples[random_below(3)];
		size_t		length = strlen(sample);
		char	   *text;

		/* exactly as long, so that a read past the end is seen */
		length = random_below(4) ? length : 1 + (size_t) random_below((int) length);
		text = malloc(length + 1);
		memcpy(text, sample, length);
		text[length] = '\0';
		damage(text, length);
		within &= reads_within(text);
		accepted += read_text(text).end == TEXT_END;
		free(text);
	}
	ok(within, "300000 damaged texts are read within their bounds");
	ok(accepted > 1000 && accepted < 299000, "of which %d are no worse", accepted);
}

int
main(void)
{
	test_accepted();
	test_refused();
	test_refused_prefixes();
	test_exact_numbers();
	test_damaged();
	return done_testing();
}
