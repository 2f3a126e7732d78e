-- Amounts: what is shared out adds up, whoever gets the odd cent; what is rounded is
-- next to what it was.

BEGIN;
SET search_path = public, tripmeter;
SELECT plan(45);

-- Sharing out

SELECT is(allocate(amount, weights, digits)::text, expected, format('%s by %s', amount, weights))
FROM (VALUES
    (0.05, '{1,1,1}'::numeric[], 2, '{0.02,0.02,0.01}'),
    (5, '{1,1,1}', 0, '{2,2,1}'),
    (5.00, '{10,5}', 2, '{3.33,1.67}'),
    (-5.00, '{10,5}', 2, '{-3.33,-1.67}'),
    (-0.05, '{1,1,1}', 2, '{-0.02,-0.02,-0.01}'),
    (0, '{1,2}', 2, '{0.00,0.00}'),
    (100, '{0,1,0}', 2, '{0.00,100.00,0.00}'),
    (1.000, '{0.3}', 0, '{1}'),
    -- 1/3 and 2/3 of a unit: the second remainder is the larger
    (0.01, '{1,2}', 2, '{0.00,0.01}'),
    -- equal but for their 17th digit, which no float has
    (1, '{0.5,0.50000000000000000001}', 0, '{0,1}'),
    (1, '{0.50000000000000000001,0.5}', 0, '{1,0}')) AS known (amount, weights, digits, expected);

-- Random amounts, and weights that are often equal, 0, or of other orders of magnitude.
CREATE TEMP TABLE allocations AS
WITH drawn AS (
    SELECT n, hashint4(n) % 13 AS h, abs(hashint4(-n)) % 5 AS digits, abs(hashint4(n * 7)) % 12 + 1 AS weight_count
    FROM generate_series(1, 2000) n
), given AS (
    SELECT n, digits, trunc((hashint8(n * 31) * 1000003::numeric / 7) * power(10::numeric, h), digits) AS amount,
        (SELECT array_agg(abs(hashint4(n + 5000 * i)) % 9 * power(10::numeric, hashint4(i) % 4) ORDER BY i) || 0.001
         FROM generate_series(1, weight_count) i) AS weights
    FROM drawn
)
SELECT *, allocate(amount, weights, digits) AS shares, power(10::numeric, -digits)::numeric(12, 6) AS unit,
    (SELECT sum(w) FROM unnest(weights) w) AS whole
FROM given;

SELECT ok(count(DISTINCT sign(amount)) > 1 AND count(DISTINCT digits) = 5 AND count(DISTINCT cardinality(weights)) = 12
        AND bool_or(0 = ANY (weights)), 'the allocations are of all kinds') FROM allocations;
SELECT is(count(*), 0::bigint, 'shares add up to the amount')
FROM allocations WHERE amount <> (SELECT sum(s) FROM unnest(shares) s);
SELECT is(count(*), 0::bigint, 'each has the digits asked for')
FROM allocations, unnest(shares) s WHERE scale(s) <> digits;
SELECT is(count(*), 0::bigint, 'each is less than a unit from its exact part')
FROM allocations, unnest(shares, weights) AS each (s, w)
WHERE abs(s * whole - amount * w) >= unit * whole;
SELECT is(count(*), 0::bigint, 'who has a smaller remainder, or an equal one and comes later, gets no unit before the other')
FROM allocations, unnest(shares, weights) WITH ORDINALITY AS a (s, w, i), unnest(shares, weights) WITH ORDINALITY AS b (s, w, i),
    LATERAL (SELECT abs(a.s) * whole - abs(amount) * a.w, abs(b.s) * whole - abs(amount) * b.w) AS gained (a, b)
    -- a was rounded up and b down, though b's remainder is larger, or equal and before a's
WHERE gained.a > 0 AND gained.b <= 0 AND (unit * whole - gained.a, -a.i) < (-gained.b, -b.i);
SELECT cmp_ok(count(*), '>', 1000::bigint, 'odd units there were')
FROM allocations, unnest(shares, weights) AS each (s, w) WHERE abs(s) * whole > abs(amount) * w;
SELECT is(count(*), 0::bigint, 'a credit is shared out as a charge is')
FROM allocations WHERE allocate(-amount, weights, digits) <> (SELECT array_agg(-s ORDER BY i) FROM unnest(shares) WITH ORDINALITY AS t (s, i));
SELECT is(count(*), 0::bigint, 'only the proportions of the weights matter')
FROM allocations WHERE allocate(amount, (SELECT array_agg(w * 0.0625 ORDER BY i) FROM unnest(weights) WITH ORDINALITY AS t (w, i)), digits) <> shares;

SELECT is(allocate(('1' || repeat('0', 1000))::numeric, '{1,2}', 0),
    ARRAY[repeat('3', 1000)::numeric, (repeat('6', 999) || '7')::numeric], 'a thousand digits are as exact as two');
SELECT is((SELECT sum(s) || ' ' || min(s) || ' ' || max(s) FROM unnest(allocate(1234567.89, array_fill(1::numeric, ARRAY[1000000]), 2)) s),
    '1234567.89 1.23 1.24', 'a million weights');

SELECT throws_ok(format('SELECT tripmeter.allocate(%s)', arguments), state, message, arguments)
FROM (VALUES
    ($$1, '{1}', 13$$, '22023', 'digits of an allocation must be from 0 to 12'),
    ($$1, '{1}', -1$$, '22023', 'digits of an allocation must be from 0 to 12'),
    ($$0.005, '{1}', 2$$, '22023', 'an amount to allocate must have no more decimals than its shares'),
    ($$'NaN', '{1}', 2$$, '22023', 'an amount must be finite'),
    ($$'-Infinity', '{1}', 2$$, '22023', 'an amount must be finite'),
    ($$1, '{}', 2$$, '22023', 'an allocation must have from 1 to 1000000 weights'),
    ($$1, array_fill(1::numeric, ARRAY[1000001]), 2$$, '22023', 'an allocation must have from 1 to 1000000 weights'),
    ($$1, '{1,NULL}', 2$$, '22004', 'a weight of an allocation must not be NULL'),
    ($$1, '{1,-0.1}', 2$$, '22023', 'a weight of an allocation must be finite and not negative'),
    ($$1, '{1,NaN}', 2$$, '22023', 'a weight of an allocation must be finite and not negative'),
    ($$1, '{1,Infinity}', 2$$, '22023', 'a weight of an allocation must be finite and not negative'),
    ($$1, '{0,0}', 2$$, '22023', 'the weights of an allocation must not all be 0'),
    ($$1, '{{1},{1}}', 2$$, '2202E', 'the weights of an allocation must be an array of one dimension')) AS bad (arguments, state, message);

-- Rounding

-- Halves and what is next to them, as the modes are known from other libraries.
SELECT is(string_agg(format('%s %s %s', mode, currency, (SELECT string_agg(round_amount(a, currency, mode)::text, ' ' ORDER BY i)
        FROM unnest('{0.5,1.5,2.5,-0.5,-1.5,0.49,0.51,1,-2.1}'::numeric[]) WITH ORDINALITY AS t (a, i))), E'\n' ORDER BY n),
'half_up JPY 1 2 3 -1 -2 0 1 1 -2
half_even JPY 0 2 2 0 -2 0 1 1 -2
half_down JPY 0 1 2 0 -1 0 1 1 -2
up JPY 1 2 3 -1 -2 1 1 1 -3
down JPY 0 1 2 0 -1 0 0 1 -2', 'the modes')
FROM unnest('{half_up,half_even,half_down,up,down}'::text[]) WITH ORDINALITY AS modes (mode, n), (VALUES ('JPY')) AS c (currency);

SELECT is(string_agg(currency || ' ' || round_amount(1234.56789, currency) || ' ' || round_cash(1234.56789, currency), E'\n' ORDER BY n),
'KRW 1235 1235
JPY 1235 1235
VND 1235 1235
KWD 1234.568 1234.568
BHD 1234.568 1234.568
TND 1234.568 1234.568
EUR 1234.57 1234.57
CHF 1234.57 1234.55
CAD 1234.57 1234.55
DKK 1234.57 1234.50
SEK 1234.57 1235.00
NOK 1234.57 1235.00
CZK 1234.57 1235.00
HUF 1234.57 1235.00', 'the digits and the cash of currencies')
FROM unnest('{KRW,JPY,VND,KWD,BHD,TND,EUR,CHF,CAD,DKK,SEK,NOK,CZK,HUF}'::text[]) WITH ORDINALITY AS c (currency, n);

SELECT is(string_agg(mode || ' ' || round_cash(1.075, 'CHF', mode) || ' ' || round_cash(-1.075, 'CHF', mode) || ' ' || round_cash(1.125, 'CHF', mode), ', ' ORDER BY n),
    'half_up 1.10 -1.10 1.15, half_even 1.10 -1.10 1.10, half_down 1.05 -1.05 1.10, up 1.10 -1.10 1.15, down 1.05 -1.05 1.10', 'cash between two steps')
FROM unnest('{half_up,half_even,half_down,up,down}'::text[]) WITH ORDINALITY AS modes (mode, n);

SELECT is(count(*), 0::bigint, 'half_up is what numeric rounds to')
FROM (SELECT hashint8(n) * 1000003::numeric / power(10::numeric, n % 25) AS a FROM generate_series(1, 5000) n) amounts,
    unnest('{EUR,JPY,KWD}'::text[], '{2,0,3}'::int[]) AS c (currency, digits)
WHERE round_amount(a, currency) IS DISTINCT FROM round(a, digits);

-- 1.00500...01 with a thousand zeros is above the half, and an amount of the most
-- digits that numeric has is rounded, too.
SELECT is(round_amount(('1.005' || repeat('0', 1000) || '1')::numeric, 'EUR', 'half_down'), 1.01, 'no digit is too small to count');
SELECT is(round_amount((repeat('9', 131000) || '.994')::numeric, 'EUR', 'half_even'), (repeat('9', 131000) || '.99')::numeric, 'or too large');

SELECT throws_ok(format('SELECT tripmeter.%s', call), '22023', message, call)
FROM (VALUES
    ($$round_amount(1, 'eur')$$, 'unknown currency: "eur"'),
    ($$round_cash(1, 'EURO')$$, 'unknown currency: "EURO"'),
    ($$round_amount(1, 'EUR', 'half')$$, 'unknown rounding mode: "half"'),
    ($$round_amount('NaN', 'EUR')$$, 'an amount must be finite'),
    ($$round_cash('Infinity', 'EUR')$$, 'an amount must be finite')) AS bad (call, message);

SELECT * FROM finish();
ROLLBACK;
