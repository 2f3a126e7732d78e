/*
 * text.c
 *		The linter's messages.
 */
#include <stdarg.h>
#include <stdio.h>

#include "billing/lint/text.h"

#define MAX_PLACES	18

const char *const weekday_names[7] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
};

__attribute__((format(printf, 2, 0)))
static void
append(Text *text, const char *format, va_list arguments)
{
	int			room = (int) sizeof(text->bytes) - text->length;
	int			length = vsnprintf(text->bytes + text->length, room, format, arguments);

	if (length < 0)
		return;
	if (length < room)
	{
		text->length += length;
		return;
	}
	/* no half of a character may be left */
	text->length = sizeof(text->bytes) - 1;
	while (text->length > 0 && (unsigned char) text->bytes[text->length - 1] >= 0x80)
		text->length--;
	text->bytes[text->length] = '\0';
}

void
text_append(Text *text, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	append(text, format, arguments);
	va_end(arguments);
}

Text
text_of(const char *format,...)
{
	Text		text = {0};
	va_list		arguments;

	va_start(arguments, format);
	append(&text, format, arguments);
	va_end(arguments);
	return text;
}

static void
text_whole(Text *text, UInt128 number)
{
	if (number >= 10)
		text_whole(text, number / 10);
	text_append(text, "%c", '0' + (int) (number % 10));
}

/* As a decimal, without zeros at its end; of more than 18 places what follows is cut off. */
void
text_decimal(Text *text, Rational value)
{
	UInt128		den = (UInt128) value.den;
	UInt128		number = value.num < 0 ? -(UInt128) value.num : (UInt128) value.num;

	if (!in_range(value))
	{
		text_append(text, "more than fits");
		return;
	}
	if (value.num < 0)
		text_append(text, "-");
	text_whole(text, number / den);
	number %= den;
	for (int places = 0; number != 0 && places < MAX_PLACES && den <= ~(UInt128) 0 / 10; places++)
	{
		number *= 10;
		text_append(text, "%s%c", places == 0 ? "." : "", '0' + (int) (number / den));
		number %= den;
	}
}

/* Of a dimension: in metres, or in seconds. */
void
text_length_or_time(Text *text, Dimension dimension, Rational quantity)
{
	bool		is_length = dimension == DISTANCE;

	text_decimal(text, rational_reduce(rational_divide(quantity, whole(is_length ? 1000 : 1000000))));
	text_append(text, is_length ? " m" : " s");
}

void
text_duration(Text *text, int64_t microseconds)
{
	text_length_or_time(text, TIME, whole(microseconds));
}

/* Such as 22:00, or 24:00. */
void
text_clock(Text *text, int64_t time_of_day)
{
	int			seconds = (int) (time_of_day / 1000000);

	text_append(text, "%02d:%02d", seconds / 3600, seconds / 60 % 60);
	if (seconds % 60 != 0)
		text_append(text, ":%02d", seconds % 60);
}
