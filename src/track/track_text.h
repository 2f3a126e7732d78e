/*
 * track_text.h
 *		Reads a track's text form.  Pure C.
 */
#ifndef TRIPMETER_TRACK_TEXT_H
#define TRIPMETER_TRACK_TEXT_H

#include <stddef.h>

#include "track/fix.h"

/* A fix as written; its time is still text, of some length. */
typedef struct TextFix
{
	Position	position;
	Channels	channels;
	const char *time;
	size_t		time_length;
} TextFix;

typedef enum TextItem
{
	TEXT_FIX,
	TEXT_END,
	TEXT_ERROR,					/* at the place `at`, which is no track's text from there on */
	TEXT_SRID,					/* another reference system than WGS 84, named at `at` */
	TEXT_INTERPOLATION			/* one that tracks have not, named at `at` */
} TextItem;

typedef struct TextReader
{
	const char *at;
	TextItem	prefix;			/* TEXT_FIX, unless what comes first is refused */
	int			depth;			/* of brackets */
	char		closers[2];		/* that end them */
	bool		value_expected;
	bool		any_value;
	LeftOut		left_out;		/* complete at the end */
} TextReader;

extern void track_text_start(TextReader *reader, const char *text);
extern TextItem track_text_next(TextReader *reader, TextFix *fix);

/* The names of left-out counts in text, and the counts. */
#define LEFT_OUT_COUNTS	6

typedef struct NamedCount
{
	const char *name;
	int64_t    *count;
} NamedCount;

extern void track_left_out_names(LeftOut *left_out, NamedCount counts[LEFT_OUT_COUNTS]);

#endif							/* TRIPMETER_TRACK_TEXT_H */
