/*
 * tripmeter.h
 *		The settings that every room may read.
 */
#ifndef TRIPMETER_H
#define TRIPMETER_H

extern int	tripmeter_max_state_mb;

#endif							/* TRIPMETER_H */
