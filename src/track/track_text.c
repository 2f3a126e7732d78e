/*
 * track_text.c
 *		Reading a track's text form: MobilityDB's for a temporal point, and what it
 *		has no words for.
 *
 *		[POINT(126.9 37.5)@2024-01-01 00:00:00+00 speed=8.5 accuracy=4, ...]
 *			left_out(duplicate=2)
 *
 * A sequence may also be a single instant without brackets, a set of instants in
 * braces, or a set of sequences; an excluded bound is read as an included one.
 * SRID=4326; and Interp=Linear; may precede it.  Of a POINT Z the height is left out.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "track/track_text.h"

static void
skip_space(TextReader *reader)
{
	while (isspace((unsigned char) *reader->at))
		reader->at++;
}

/* Skip a word if it is next, whatever its case. */
static bool
skip_word(TextReader *reader, const char *word)
{
	size_t		length = strlen(word);

	for (size_t i = 0; i < length; i++)
		if (toupper((unsigned char) reader->at[i]) != toupper((unsigned char) word[i]))
			return false;
	reader->at += length;
	return true;
}

static bool
skip_symbol(TextReader *reader, char symbol)
{
	skip_space(reader);
	if (*reader->at != symbol)
		return false;
	reader->at++;
	return true;
}

static bool
read_number(TextReader *reader, double *number)
{
	char	   *end;

	*number = strtod(reader->at, &end);
	if (end == reader->at)
		return false;
	reader->at = end;
	return true;
}

/* strtof, because rounding twice is not rounding once. */
static bool
read_single(TextReader *reader, float *number)
{
	char	   *end;

	*number = strtof(reader->at, &end);
	if (end == reader->at)
		return false;
	reader->at = end;
	return true;
}

void
track_left_out_names(LeftOut *left_out, NamedCount counts[LEFT_OUT_COUNTS])
{
	counts[0] = (NamedCount) {"null", &left_out->null_count};
	counts[1] = (NamedCount) {"invalid", &left_out->invalid_count};
	counts[2] = (NamedCount) {"duplicate", &left_out->duplicate_count};
	counts[3] = (NamedCount) {"conflict", &left_out->conflict_count};
	counts[4] = (NamedCount) {"null_island_duplicate", &left_out->null_island_duplicate_count};
	counts[5] = (NamedCount) {"null_island_conflict", &left_out->null_island_conflict_count};
}

/* name=count, of a count not yet given. */
static bool
read_named_count(TextReader *reader)
{
	NamedCount	counts[LEFT_OUT_COUNTS];
	size_t		length = strcspn(reader->at, "=");

	track_left_out_names(&reader->left_out, counts);
	for (int i = 0; i < LEFT_OUT_COUNTS; i++)
	{
		int64_t    *count = counts[i].count;

		if (strlen(counts[i].name) != length || strncmp(reader->at, counts[i].name, length) != 0)
			continue;
		reader->at += length;
		if (*count != 0 || !skip_symbol(reader, '=') || !isdigit((unsigned char) *reader->at))
			return false;
		for (; isdigit((unsigned char) *reader->at); reader->at++)
		{
			*count = *count * 10 + (*reader->at - '0');
			if (*count > LEFT_OUT_LIMIT)
				return false;
		}
		return true;
	}
	return false;
}

/* left_out(...), its first word read. */
static bool
read_left_out(TextReader *reader)
{
	if (!skip_symbol(reader, '('))
		return false;
	while (!skip_symbol(reader, ')'))
		if (!read_named_count(reader))
			return false;
	return true;
}

/* A time ends where the next word of ours or the next symbol begins. */
static size_t
time_length(const char *text)
{
	size_t		length = strcspn(text, ",])}");

	for (size_t i = 0; i < length; i++)
		if (isspace((unsigned char) text[i]) &&
			(strncmp(text + i + 1, "speed=", 6) == 0 || strncmp(text + i + 1, "accuracy=", 9) == 0))
			return i;
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	return length;
}

static bool
read_channels(TextReader *reader, Channels *channels)
{
	static const char *const words[CHANNEL_COUNT] = {[ACCURACY] = "accuracy=", [SPEED] = "speed="};

	*channels = NO_CHANNELS;
	for (;;)
	{
		int			c = 0;

		skip_space(reader);
		while (c < CHANNEL_COUNT && !skip_word(reader, words[c]))
			c++;
		if (c == CHANNEL_COUNT)
			return true;
		if (!isnan(channels->values[c]) || !read_single(reader, &channels->values[c]))
			return false;
	}
}

/* Another number of a point; without a space between, 13.4.52 is no place. */
static bool
read_next_number(TextReader *reader, double *number)
{
	return isspace((unsigned char) *reader->at) && read_number(reader, number);
}

/* (lon lat), or (lon lat height) after a Z, which some writers leave out. */
static bool
read_place(TextReader *reader, Position *place)
{
	bool		has_height;
	double		height;

	skip_space(reader);
	has_height = skip_word(reader, "Z");
	if (!skip_symbol(reader, '(') || !read_number(reader, &place->lon) ||
		!read_next_number(reader, &place->lat))
		return false;
	if (!has_height && skip_symbol(reader, ')'))
		return true;
	/* back to the space that skip_symbol has passed over */
	while (isspace((unsigned char) reader->at[-1]))
		reader->at--;
	return read_next_number(reader, &height) && skip_symbol(reader, ')');
}

/* POINT(lon lat)@time */
static bool
read_fix(TextReader *reader, TextFix *fix)
{
	if (!skip_word(reader, "POINT") || !read_place(reader, &fix->position) ||
		!skip_symbol(reader, '@'))
		return false;
	skip_space(reader);
	fix->time = reader->at;
	fix->time_length = time_length(reader->at);
	reader->at += fix->time_length;
	return fix->time_length > 0 && read_channels(reader, &fix->channels);
}

static bool
open_bracket(TextReader *reader, char closer)
{
	if (!reader->value_expected || reader->depth == 2 ||
		(reader->depth == 1 && (reader->closers[0] != '}' || closer == '}')))
		return false;
	reader->closers[reader->depth++] = closer;
	reader->at++;
	return true;
}

/* Brackets may close over nothing only where they hold nothing at all. */
static bool
close_bracket(TextReader *reader)
{
	char		closer;

	if (reader->depth == 0 || (reader->value_expected && (reader->any_value || reader->depth > 1)))
		return false;
	closer = reader->closers[--reader->depth];
	if (*reader->at != closer && !(closer == ']' && *reader->at == ')'))
		return false;
	reader->at++;
	reader->value_expected = false;
	return true;
}

/*
 * NAME=value; before the rest: one of `values`, or else what is refused.  The reader stays
 * at a value that is refused.
 */
static bool
read_prefix(TextReader *reader, const char *name, const char *const *values, TextItem refused)
{
	const char *start = reader->at;
	size_t		length;

	if (!skip_word(reader, name))
		return true;
	length = strspn(reader->at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");
	if (length == 0 || reader->at[length] != ';')
	{
		reader->at = start;
		return true;
	}
	for (; *values != NULL; values++)
		if (strlen(*values) == length && skip_word(reader, *values))
		{
			reader->at++;
			skip_space(reader);
			return true;
		}
	reader->prefix = refused;
	return false;
}

/* Begin to read a text that ends with a NUL. */
void
track_text_start(TextReader *reader, const char *text)
{
	static const char *const srids[] = {"4326", NULL};
	static const char *const interpolations[] = {"Linear", "Discrete", NULL};

	memset(reader, 0, sizeof(*reader));
	reader->at = text;
	reader->prefix = TEXT_FIX;
	reader->value_expected = true;
	skip_space(reader);
	if (read_prefix(reader, "SRID=", srids, TEXT_SRID))
		read_prefix(reader, "Interp=", interpolations, TEXT_INTERPOLATION);
}

/* The next fix, or the end. */
TextItem
track_text_next(TextReader *reader, TextFix *fix)
{
	if (reader->prefix != TEXT_FIX)
		return reader->prefix;
	for (;;)
	{
		bool		good;

		skip_space(reader);
		switch (*reader->at)
		{
			case '\0':
				return reader->depth == 0 && !reader->value_expected ? TEXT_END : TEXT_ERROR;
			case '[':
			case '(':
				good = open_bracket(reader, ']');
				break;
			case '{':
				good = open_bracket(reader, '}');
				break;
			case ']':
			case ')':
			case '}':
				good = close_bracket(reader);
				break;
			case ',':
				good = reader->depth > 0 && !reader->value_expected;
				reader->value_expected = true;
				reader->at += good;
				break;
			case 'l':
				good = reader->depth == 0 && !reader->value_expected &&
					skip_word(reader, "left_out") && read_left_out(reader);
				break;
			default:
				if (!reader->value_expected || !read_fix(reader, fix))
					return TEXT_ERROR;
				reader->value_expected = false;
				reader->any_value = true;
				return TEXT_FIX;
		}
		if (!good)
			return TEXT_ERROR;
	}
}
