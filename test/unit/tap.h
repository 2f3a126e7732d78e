/*
 * tap.h
 *		Test Anything Protocol for C programs, and random numbers that are the
 *		same on every machine.
 */
#ifndef TRIPMETER_TAP_H
#define TRIPMETER_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int	tap_count;
static int	tap_failed;

__attribute__((format(printf, 2, 3)))
static inline bool
ok(bool passed, const char *name,...)
{
	va_list		args;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	tap_failed += !passed;
	return passed;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014) */
static uint64_t random_state = 20240101;

static inline uint64_t
random_bits(void)
{
	uint64_t	z = (random_state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* At least `low`, below `high`. */
static inline double
random_between(double low, double high)
{
	return low + (high - low) * ((double) (random_bits() >> 11) / 9007199254740992.0);
}

static inline int
random_below(int limit)
{
	return (int) (random_bits() % (uint64_t) limit);
}

#endif							/* TRIPMETER_TAP_H */
