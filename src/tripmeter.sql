-- The schema is everybody's to use.

COMMENT ON SCHEMA @extschema@ IS 'tripmeter: mileage, route length and billing of trips';
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;

