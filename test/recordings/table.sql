-- Absolute error against the reference in percent, by dataset.

WITH errors AS (
    SELECT dataset,
           100 * abs(naive_m / reference_m - 1) AS naive,
           100 * abs((report).distance_m / reference_m - 1) AS policy
    FROM recordings.readings
)
SELECT dataset, count(*) AS trips,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY naive)::numeric, 2) AS "naive median %",
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY naive)::numeric, 2) AS "naive p90 %",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY policy)::numeric, 2) AS "default median %",
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY policy)::numeric, 2) AS "default p90 %"
FROM errors GROUP BY dataset ORDER BY dataset;
