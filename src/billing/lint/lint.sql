-- What a tariff says that its author hardly meant.

CREATE FUNCTION tripmeter.tariff_lint(tariff tripmeter.tariff)
    RETURNS TABLE (path text, kind text, message text)
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lint'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION tripmeter.tariff_lint(tripmeter.tariff) IS
    'Findings in a tariff that is valid: where, of which kind, and what. Kinds: unreachable (a '
    'rate, a tier, a flat fare or a condition that never counts), no_fallback (a quantity or a '
    'moment for which a dimension that has conditions, or of which the first rate is selected, '
    'has no rate; the first such; of a dimension that the meter prices it is not looked for), '
    'volume_cliff (a bound of volume tiers beyond which the total is lower), ambiguous_hour (an '
    'edge of a window at a local time that the zone skips or repeats in the years 2000 to 2037), '
    'currency_digits (an amount with more digits than its currency, a fare step finer than it, a '
    'cash step that its cash does not have). No rows: nothing was found. What depends on a '
    'calendar that the tariff does not hold is not judged. Lengths in the messages are in metres, '
    'times in seconds.';
