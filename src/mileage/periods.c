/*
 * periods.c
 *		Share metres out to periods that may overlap.
 *
 * Periods in order of their starts are a balanced tree: the root is the middle one, and
 * each half is a tree again.  Each period knows the latest end in its tree, so that a
 * drive visits only the periods that it passes through and the way to them.
 */
#include <stdlib.h>

#include "mileage/periods.h"

static int
compare_starts(const void *a, const void *b)
{
	const Period *x = a;
	const Period *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* Note the latest end in the tree of the periods from `low` to before `high`. */
static int64_t
note_latest(Period *periods, int low, int high)
{
	int			middle = low + (high - low) / 2;
	int64_t		latest,
				other;

	if (low == high)
		return INT64_MIN;
	latest = periods[middle].to;
	other = note_latest(periods, low, middle);
	latest = other > latest ? other : latest;
	other = note_latest(periods, middle + 1, high);
	latest = other > latest ? other : latest;
	periods[middle].latest = latest;
	return latest;
}

/* Put periods into the order that periods_share needs. */
void
periods_arrange(Periods *periods)
{
	if (periods->count > 0)
		qsort(periods->periods, periods->count, sizeof(Period), compare_starts);
	note_latest(periods->periods, 0, periods->count);
}

static void
share_to_tree(Period *periods, int low, int high, const Drive *drive)
{
	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		Period	   *period = &periods[middle];

		if (period->latest < drive->from)
			return;
		share_to_tree(periods, low, middle, drive);
		if (period->from >= drive->to)
			return;
		if (period->to >= drive->from)
			period->metres += drive_metres_within(drive, period->from, period->to);
		low = middle + 1;
	}
}

/* Share metres out to the periods that were driven through. */
void
periods_share(Periods *periods, const Drive *drive)
{
	share_to_tree(periods->periods, 0, periods->count, drive);
}
