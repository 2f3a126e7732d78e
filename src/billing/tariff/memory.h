/*
 * memory.h
 *		Arrays that grow, in memory that somebody else provides.  Pure C.
 */
#ifndef TRIPMETER_TARIFF_MEMORY_H
#define TRIPMETER_TARIFF_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * resize never returns NULL; a size of 0 gives memory back.  Both may end all by not
 * returning.
 */
typedef struct Provider
{
	void	   *context;
	void	   *(*resize) (void *context, void *old, size_t size);
	void		(*pause) (void);
} Provider;

/* Make room for one more; the array may move. */
static inline void *
make_room(const Provider *provider, void *items, int count, int *capacity, size_t item_size)
{
	if (count < *capacity)
		return items;
	/* what does not return leaves all as it was */
	provider->pause();
	items = provider->resize(provider->context, items, (size_t) (count > 0 ? count * 2 : 16) * item_size);
	*capacity = count > 0 ? count * 2 : 16;
	return items;
}

typedef struct InstantList
{
	const Provider *provider;
	int			count;
	int			capacity;
	int64_t    *instants;
} InstantList;

static inline void
instant_list_add(InstantList *list, int64_t instant)
{
	list->instants = make_room(list->provider, list->instants, list->count,
							   &list->capacity, sizeof(int64_t));
	list->instants[list->count++] = instant;
}

static inline int
compare_instants(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static inline void
instant_list_sort(InstantList *list)
{
	if (list->count > 1)
		qsort(list->instants, list->count, sizeof(int64_t), compare_instants);
}

#endif							/* TRIPMETER_TARIFF_MEMORY_H */
