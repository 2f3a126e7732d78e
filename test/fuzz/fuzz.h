/*
 * fuzz.h
 *		What the fuzz targets share.  A target is one function over hostile bytes;
 *		it must not crash, hang, or allocate much, and calls require() for what
 *		must hold besides.
 */
#ifndef TRIPMETER_FUZZ_H
#define TRIPMETER_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
require(bool condition)
{
	if (!condition)
		abort();
}

/* For a TrackWriter. */
static inline void *
grow_memory(void *bytes, size_t size)
{
	void	   *grown = realloc(bytes, size);

	require(grown != NULL);
	return grown;
}

#endif							/* TRIPMETER_FUZZ_H */
