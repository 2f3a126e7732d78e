/*
 * track_merge.h
 *		Merges several tracks into one.
 */
#ifndef TRIPMETER_TRACK_MERGE_H
#define TRIPMETER_TRACK_MERGE_H

extern struct varlena *track_merge(struct varlena **tracks, int count);

#endif							/* TRIPMETER_TRACK_MERGE_H */
