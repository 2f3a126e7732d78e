/*
 * track_text.c
 *		Reading any text as a track's.
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "track/track_text.h"

/* The server takes the time for a text of its own. */
static void
check_fix(const TextFix *fix, const char *from, const char *to)
{
	require(fix->time > from && fix->time_length > 0);
	require(fix->time_length <= (size_t) (to - fix->time));
	require(memchr(fix->time, '\0', fix->time_length) == NULL);
	for (size_t i = 0; i < fix->time_length; i++)
		require(strchr(",])}", fix->time[i]) == NULL);
}

static void
check_left_out(LeftOut *left_out)
{
	NamedCount	counts[LEFT_OUT_COUNTS];

	track_left_out_names(left_out, counts);
	for (int i = 0; i < LEFT_OUT_COUNTS; i++)
		require(*counts[i].count >= 0 && *counts[i].count <= LEFT_OUT_LIMIT);
}

/* Every fix is a step on through the text, so that there is an end. */
static void
read_text(const char *text)
{
	TextReader	reader;
	TextFix		fix;
	TextItem	item;
	const char *from;

	track_text_start(&reader, text);
	for (from = reader.at; (item = track_text_next(&reader, &fix)) == TEXT_FIX; from = reader.at)
		check_fix(&fix, from, reader.at);
	require(reader.at >= from && reader.at <= text + strlen(text));
	if (item != TEXT_END)
		return;
	require(*reader.at == '\0' && reader.depth == 0);
	check_left_out(&reader.left_out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly as long, so that a read past the end is seen */
	char	   *text = grow_memory(NULL, size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	read_text(text);
	free(text);
	return 0;
}
