/*
 * text.h
 *		The linter's messages: a text of limited length, and how values are written in it.
 */
#ifndef TRIPMETER_LINT_TEXT_H
#define TRIPMETER_LINT_TEXT_H

#include "billing/tariff/tariff.h"

typedef struct Text
{
	int			length;
	char		bytes[1000];	/* with an end; what does not fit is cut off */
} Text;

extern Text text_of(const char *format,...) __attribute__((format(printf, 1, 2)));
extern void text_append(Text *text, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void text_decimal(Text *text, Rational value);
extern void text_length_or_time(Text *text, Dimension dimension, Rational quantity);
extern void text_duration(Text *text, int64_t microseconds);
extern void text_clock(Text *text, int64_t time_of_day);

extern const char *const weekday_names[7];

#endif							/* TRIPMETER_LINT_TEXT_H */
