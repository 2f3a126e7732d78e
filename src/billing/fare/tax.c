/*
 * tax.c
 *		Step 12: tax.
 */
#include <string.h>

#include "billing/fare/tax.h"

/* Return the percent for a line.  A rule for its name goes before one for its kind. */
static Rational
tax_percent(const Tax *tax, const BillLine *line)
{
	for (int i = 0; i < tax->rule_count; i++)
		if (!tax->rules[i].by_kind && strcmp(tax->rules[i].name, line->rule) == 0)
			return tax->rules[i].percent;
	for (int i = 0; i < tax->rule_count; i++)
		if (tax->rules[i].by_kind && tax->rules[i].kind == line->kind)
			return tax->rules[i].percent;
	return tax->percent;
}

static bool
is_taxed_at(const Tax *tax, const BillLine *line, Rational percent)
{
	return !line->note && rational_compare(tax_percent(tax, line), percent) == 0;
}

/* Return the part of a taxable amount that is tax, where prices include it. */
static Rational
included_tax(Rational taxable, Rational percent)
{
	return rational_multiply(taxable, rational_divide(percent, rational_add(whole(100), percent)));
}

/* Add a line of tax.  Where prices include tax, the line shows it and charges nothing. */
static void
add_tax_line(FareBill *bill, Rational percent, Rational taxable)
{
	bool		included = bill->tariff->tax.included;
	Rational	added = rational_multiply(taxable, rational_divide(percent, whole(100)));
	BillLine   *line = fare_bill_add_amount(bill, LINE_TAX, tariff_line_kind_names[LINE_TAX],
											included ? whole(0) : added);

	line->unit = bill->tariff->currency;
	line->rate = percent;
	line->factor = whole(1);
	line->quantity = taxable;
	line->billed = included ? included_tax(taxable, percent) : line->exact;
}

/* Add a line for each percent that the lines so far are taxed at, in their order. */
void
fare_apply_tax(FareBill *bill)
{
	const Tax  *tax = &bill->tariff->tax;
	int			count = bill->line_count;

	for (int i = 0; i < count; i++)
	{
		Rational	percent = tax_percent(tax, &bill->lines[i]);
		Rational	taxable = whole(0);
		bool		seen = bill->lines[i].note || percent.num == 0;

		for (int j = 0; j < i && !seen; j++)
			seen = is_taxed_at(tax, &bill->lines[j], percent);
		if (seen)
			continue;
		for (int j = i; j < count; j++)
			if (is_taxed_at(tax, &bill->lines[j], percent))
				taxable = rational_add(taxable, bill->lines[j].exact);
		add_tax_line(bill, percent, taxable);
	}
}
