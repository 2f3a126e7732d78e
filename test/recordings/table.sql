-- How far the default policy is off, by dataset: the absolute error against the
-- reference in percent, and the seconds at rest beside the true ones.
SELECT dataset, trips,
       round(naive_median, 2) AS "naive median %", round(naive_p90, 2) AS "naive p90 %",
       round(policy_median, 2) AS "default median %", round(policy_p90, 2) AS "default p90 %",
       stopped_s AS "stopped s", at_rest_s AS "truly at rest s"
FROM recordings.figures ORDER BY dataset;
