-- Pricing plans of shared vehicles, as their operators publish them: GBFS,
-- system_pricing_plans.json, of the versions 2.3, 3.0 and 3.1.

CREATE FUNCTION gbfs_number(object jsonb, key text, minimum numeric, required boolean) RETURNS text
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
    IF (CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric < minimum ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be a number%', key, coalesce(' of at least ' || nullif(minimum, '-Infinity'), '') USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s in %s.', coalesce(value::text, 'missing'), object);
    END IF;
    RETURN trim_scale(value::numeric);
END
$function$;
COMMENT ON FUNCTION gbfs_number(jsonb, text, numeric, boolean) IS
    'A number in a GBFS pricing plan, as a decimal; NULL if it is missing and not required. Errors: it is missing though required, no number, or less than the minimum.';

CREATE FUNCTION gbfs_rates(plan jsonb, key text, dimension text, unit text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    segments jsonb := coalesce(plan -> key, '[]');
    segment jsonb;
    price text; starts text; ends text; every text;
    rates jsonb := '[]';
BEGIN
    IF jsonb_typeof(segments) <> 'array' THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be an array', key USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', segments);
    END IF;
    FOR segment IN SELECT jsonb_array_elements(segments) LOOP
        price := @extschema@.gbfs_number(segment, 'rate', '-Infinity', true);
        starts := @extschema@.gbfs_number(segment, 'start', 0, true);
        ends := @extschema@.gbfs_number(segment, 'end', 0, false);
        every := @extschema@.gbfs_number(segment, 'interval', 0, true);
        IF ends::numeric <= starts::numeric THEN
            RAISE EXCEPTION 'a segment of "%" of a GBFS pricing plan must end after its start', key USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('It is %s.', segment);
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
COMMENT ON FUNCTION gbfs_rates(jsonb, text, text, text) IS
    'The rates of a tariff for the segments of a GBFS pricing plan under a key, of a dimension in a unit. Errors: what is no list of segments.';

CREATE FUNCTION tariff_from_gbfs(plan jsonb) RETURNS tariff
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- what is null is not given
    given jsonb := jsonb_strip_nulls(plan);
    reserved text := @extschema@.gbfs_number(given, 'reservation_price_per_min', 0, false);
    reservation text := @extschema@.gbfs_number(given, 'reservation_price_flat_rate', 0, false);
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
    RETURN jsonb_strip_nulls(jsonb_build_object('tariff', 1,
        'name', nullif(CASE jsonb_typeof(given -> 'name') WHEN 'array' THEN given #>> '{name,0,text}' ELSE given ->> 'name' END, ''),
        'description', nullif(CASE jsonb_typeof(given -> 'description') WHEN 'array' THEN given #>> '{description,0,text}' ELSE given ->> 'description' END, ''),
        'currency', given -> 'currency',
        'base', @extschema@.gbfs_number(given, 'price', 0, true),
        'rates', @extschema@.gbfs_rates(given, 'per_km_pricing', 'distance', 'km')
            || @extschema@.gbfs_rates(given, 'per_min_pricing', 'time', 'min')
            || CASE WHEN reserved IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reserved, 'unit', '1 min', 'step', '1 min') END
            || CASE WHEN reservation IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reservation, 'unit', 'once') END,
        'caps', CASE WHEN capping IS NOT NULL
                     THEN jsonb_build_array(jsonb_build_object('amount', @extschema@.gbfs_number(capping, 'price', 0, true),
                              'rolling', @extschema@.gbfs_number(capping, 'duration', 1, true) || ' min')) END
        ))::@extschema@.tariff;
END
$function$;
COMMENT ON FUNCTION tariff_from_gbfs(jsonb) IS
    'The tariff of a pricing plan of GBFS (an element of data.plans in system_pricing_plans.json, versions 2.3 to 3.1): price, per_km_pricing, per_min_pricing, the price of a reservation, fare_capping; a begun interval is charged. Of texts in several languages the first is taken. What GBFS leaves open is not in it: the percent of tax, where a plan is_taxable; the factor, while there is surge_pricing; free reserved time, and how long a reservation lasts. Errors: what is no pricing plan.';
