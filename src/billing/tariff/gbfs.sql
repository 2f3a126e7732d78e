-- Pricing plans of shared vehicles, as their operators publish them: GBFS,
-- system_pricing_plans.json, of the versions 2.3, 3.0 and 3.1.

-- Feeds are made of floats: 0.15 comes as 0.15000000000000002. The bounds are such that
-- what is within them fits into a tariff, so that errors are of the plan.
CREATE FUNCTION gbfs_number(object jsonb, place text, key text, low numeric, high numeric, required boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    value jsonb := object -> key;
BEGIN
    IF value IS NULL AND NOT required THEN
        RETURN NULL;
    END IF;
    -- a CASE, for only a number can be compared
    IF (CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric NOT BETWEEN low AND high ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be a number from % to %', concat_ws('.', nullif(place, ''), key), low, high USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s in %s.', coalesce(value::text, 'missing'), object);
    END IF;
    RETURN trim_scale(round(value::numeric, 9));
END
$function$;
COMMENT ON FUNCTION gbfs_number(jsonb, text, text, numeric, numeric, boolean) IS
    'A number in an object at a place of a GBFS pricing plan, as a decimal of 9 places; NULL if it is missing and not required. Errors: it is missing though required, no number, or not within the bounds.';

CREATE FUNCTION gbfs_rates(plan jsonb, key text, dimension text, unit text, longest numeric) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    segments jsonb := coalesce(plan -> key, '[]');
    segment jsonb;
    place text;
    price text; starts text; ends text; every text;
    rates jsonb := '[]';
BEGIN
    IF (CASE jsonb_typeof(segments) WHEN 'array' THEN jsonb_array_length(segments) > 499 ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be an array of at most 499 segments', key USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', CASE jsonb_typeof(segments) WHEN 'array' THEN 'one of ' || jsonb_array_length(segments) ELSE segments::text END);
    END IF;
    FOR segment, place IN SELECT s, format('%s[%s]', key, n - 1) FROM jsonb_array_elements(segments) WITH ORDINALITY AS e (s, n) LOOP
        price := tripmeter.gbfs_number(segment, place, 'rate', -999999999, 999999999, true);
        starts := tripmeter.gbfs_number(segment, place, 'start', 0, longest, true);
        ends := tripmeter.gbfs_number(segment, place, 'end', 0, longest, false);
        every := tripmeter.gbfs_number(segment, place, 'interval', 0, longest, true);
        IF ends::numeric <= starts::numeric THEN
            RAISE EXCEPTION '"%.end" of a GBFS pricing plan must be after its start', place USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The segment is %s.', segment);
        END IF;
        IF every = '0' AND (segment -> 'interval')::numeric > 0 THEN
            RAISE EXCEPTION '"%.interval" of a GBFS pricing plan is too short', place USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The segment is %s.', segment);
        END IF;
        rates := rates || jsonb_strip_nulls(jsonb_build_object('dimension', dimension, 'price', price,
            'unit', CASE every WHEN '0' THEN 'once' ELSE every || ' ' || unit END,
            'step', nullif(every, '0') || ' ' || unit,
            'from', nullif(starts, '0') || ' ' || unit,
            'to', ends || ' ' || unit));
    END LOOP;
    RETURN rates;
END
$function$;
COMMENT ON FUNCTION gbfs_rates(jsonb, text, text, text, numeric) IS
    'The rates of a tariff for the segments of a GBFS pricing plan under a key, of a dimension in a unit, and of so many at most. Errors: what is no list of segments.';

CREATE FUNCTION tariff_from_gbfs(plan jsonb) RETURNS tariff
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- what is null is not given
    given jsonb := jsonb_strip_nulls(plan);
    -- nor is a reservation that costs nothing
    reserved text := nullif(tripmeter.gbfs_number(given, '', 'reservation_price_per_min', 0, 999999999, false), '0');
    reservation text := nullif(tripmeter.gbfs_number(given, '', 'reservation_price_flat_rate', 0, 999999999, false), '0');
    capping jsonb := given -> 'fare_capping';
BEGIN
    IF jsonb_typeof(given) <> 'object' OR NOT given ? 'price' OR jsonb_typeof(given -> 'currency') IS DISTINCT FROM 'string' THEN
        RAISE EXCEPTION 'not a pricing plan of GBFS' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is not an object with a currency and a price.',
            HINT = 'Give one of the "plans" in the "data" of system_pricing_plans.json.';
    END IF;
    IF reserved IS NOT NULL AND reservation IS NOT NULL THEN
        RAISE EXCEPTION 'a GBFS pricing plan must not have two prices of a reservation' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s per minute, and a flat rate of %s.', reserved, reservation);
    END IF;
    -- an error if there is no such currency
    PERFORM tripmeter.round_amount(0, given ->> 'currency');
    RETURN jsonb_strip_nulls(jsonb_build_object('tariff', 1,
        'name', nullif(CASE jsonb_typeof(given -> 'name') WHEN 'array' THEN given #>> '{name,0,text}' ELSE given ->> 'name' END, ''),
        'description', nullif(CASE jsonb_typeof(given -> 'description') WHEN 'array' THEN given #>> '{description,0,text}' ELSE given ->> 'description' END, ''),
        'currency', given -> 'currency',
        'base', tripmeter.gbfs_number(given, '', 'price', 0, 999999999, true),
        -- the longest that a tariff takes
        'rates', tripmeter.gbfs_rates(given, 'per_km_pricing', 'distance', 'km', 10000000)
            || tripmeter.gbfs_rates(given, 'per_min_pricing', 'time', 'min', 52596000)
            || CASE WHEN reserved IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reserved, 'unit', '1 min', 'step', '1 min') END
            || CASE WHEN reservation IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reservation, 'unit', 'once') END,
        -- of a minute six places are whole microseconds
        'caps', CASE WHEN capping IS NOT NULL
                     THEN jsonb_build_array(jsonb_build_object('amount', tripmeter.gbfs_number(capping, 'fare_capping', 'price', 0, 999999999, true),
                              'rolling', trim_scale(round(tripmeter.gbfs_number(capping, 'fare_capping', 'duration', 1, 52596000, true)::numeric, 6)) || ' min')) END
        ))::tripmeter.tariff;
END
$function$;
COMMENT ON FUNCTION tariff_from_gbfs(jsonb) IS
    'The tariff of a pricing plan of GBFS (an element of data.plans in system_pricing_plans.json, versions 2.3 to 3.1): price, per_km_pricing, per_min_pricing, the price of a reservation, fare_capping; a begun interval is charged. Numbers are rounded to 9 places. Of texts in several languages the first is taken. What GBFS leaves open is not in it: the percent of tax, where a plan is_taxable; the factor, while there is surge_pricing; free reserved time, and how long a reservation lasts. Errors: what is no pricing plan, with its place in the plan.';
