/*
 * factor.c
 *		What multipliers multiply, and by how much together.
 */
#include "billing/fare/factor.h"

/* Return the multipliers meant for a dimension, the base or the meter, as 1 << index. */
uint32_t
fare_multipliers_of(const Tariff *tariff, int target)
{
	uint32_t	mask = 0;

	for (int m = 0; m < tariff->multiplier_count; m++)
		if (tariff->multipliers[m].to & (UINT32_C(1) << target))
			mask |= UINT32_C(1) << m;
	return mask;
}

/* Return the sum of 1 and of what each of these multipliers of one group adds to 1. */
static Rational
group_factor(const Tariff *tariff, int group, uint32_t multipliers)
{
	Rational	sum = whole(1);

	for (int m = 0; m < tariff->multiplier_count; m++)
		if (tariff->multipliers[m].group == group && (multipliers & (UINT32_C(1) << m)))
			sum = rational_add(sum, rational_subtract(tariff->multipliers[m].factor, whole(1)));
	/* a sum below 0 would pay the customer; one out of range stays so */
	return sum.num < 0 ? whole(0) : sum;
}

/* Return the product of the factors of all groups. */
Rational
fare_factor_of(const Tariff *tariff, uint32_t multipliers)
{
	Rational	factor = whole(1);

	for (int group = 0; multipliers != 0 && group < tariff->group_count; group++)
		factor = rational_multiply(factor, group_factor(tariff, group, multipliers));
	return factor;
}
