-- GPS mileage beside the odometer.

CREATE TYPE tripmeter.reconciliation AS (
    mileage_m float8,
    odometer_m float8,
    difference_m float8,
    discrepancy float8,
    flagged boolean
);
COMMENT ON TYPE tripmeter.reconciliation IS 'A mileage beside an odometer, in metres.';
COMMENT ON COLUMN tripmeter.reconciliation.mileage_m IS
    'the mileage of the track between the first and the last believed reading of the odometer; '
    'NULL without a usable fix or reading';
COMMENT ON COLUMN tripmeter.reconciliation.odometer_m IS
    'what the odometer counted in that time; NULL without a usable reading';
COMMENT ON COLUMN tripmeter.reconciliation.difference_m IS 'mileage_m - odometer_m';
COMMENT ON COLUMN tripmeter.reconciliation.discrepancy IS
    'difference_m as a fraction of odometer_m; infinite if that is 0 and the mileage is not';
COMMENT ON COLUMN tripmeter.reconciliation.flagged IS
    'is the discrepancy larger than the tolerance, either way? NULL if either side is';

CREATE FUNCTION tripmeter.reconcile(mileage_m float8, odometer_m float8,
        tolerance float8 DEFAULT 0.05) RETURNS tripmeter.reconciliation
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5
BEGIN ATOMIC
    SELECT mileage_m, odometer_m, mileage_m - odometer_m, discrepancy, abs(discrepancy) > tolerance
    FROM (SELECT CASE WHEN odometer_m <> 0 THEN (mileage_m - odometer_m) / odometer_m
                      WHEN odometer_m = 0 AND mileage_m = 0 THEN 0
                      WHEN odometer_m = 0 AND mileage_m > 0 THEN 'Infinity' END) AS d (discrepancy);
END;
COMMENT ON FUNCTION tripmeter.reconcile(float8, float8, float8) IS
    'Sets a mileage beside what an odometer counted, both in metres, and flags a difference of '
    'more than the tolerance, a fraction of the odometer''s.';

CREATE FUNCTION tripmeter.reconcile(track tripmeter.track, odometer tripmeter.odometer_report,
        tolerance float8 DEFAULT 0.05, policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS tripmeter.reconciliation
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT tripmeter.reconcile(
        CASE WHEN (odometer).used_count > 0 THEN tripmeter.mileage(track, tstzrange((odometer).first_time, (odometer).last_time, '[]'), policy) END,
        CASE WHEN (odometer).used_count > 0 THEN (odometer).distance_m END, tolerance);
END;
COMMENT ON FUNCTION tripmeter.reconcile(tripmeter.track, tripmeter.odometer_report, float8,
        tripmeter.mileage_policy) IS
    'Sets the mileage of a track beside what the odometer counted, between its first and last '
    'reading, and flags a difference of more than the tolerance, a fraction of the odometer''s.';
