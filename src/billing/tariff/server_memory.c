/*
 * server_memory.c
 *		The server's memory, for pure code that lets its arrays grow.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "billing/tariff/server_memory.h"
#include "interrupts.h"

/* Allocate, resize or, for a size of 0, free memory of a context. */
void *
tariff_resize_memory(void *context, void *old, size_t size)
{
	if (size == 0)
	{
		if (old != NULL)
			pfree(old);
		return NULL;
	}
	if (old == NULL)
		return MemoryContextAllocHuge(context, size);
	return repalloc_huge(old, size);
}

/* Return a provider of memory that lives as long as a context. */
Provider
tariff_server_memory(MemoryContext context)
{
	return (Provider) {context, tariff_resize_memory, interrupts_check};
}
