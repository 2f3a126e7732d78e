/*
 * interrupts.h
 *		Lets pure code, which includes no header of the server, be cancelled.
 */
#ifndef TRIPMETER_INTERRUPTS_H
#define TRIPMETER_INTERRUPTS_H

#include "miscadmin.h"

/* Check for interrupts: a callback for long loops of pure code. */
static inline void
interrupts_check(void)
{
	CHECK_FOR_INTERRUPTS();
}

#endif							/* TRIPMETER_INTERRUPTS_H */
