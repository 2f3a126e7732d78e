-- The schema is everybody's to use.

COMMENT ON SCHEMA tripmeter IS 'tripmeter: mileage, route length and billing of trips';
GRANT USAGE ON SCHEMA tripmeter TO PUBLIC;

