/*
 * server_memory.h
 *		The server's memory, for pure code that lets its arrays grow.
 */
#ifndef TRIPMETER_TARIFF_SERVER_MEMORY_H
#define TRIPMETER_TARIFF_SERVER_MEMORY_H

#include "billing/tariff/memory.h"

extern Provider tariff_server_memory(MemoryContext context);
extern void *tariff_resize_memory(void *context, void *old, size_t size);

#endif							/* TRIPMETER_TARIFF_SERVER_MEMORY_H */
