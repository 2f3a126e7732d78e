-- Medians in milliseconds, and their ratio: how often the slower holds the faster.

WITH medians AS (
    SELECT id, workers,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE side = 'query') AS ours,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE side = 'other') AS theirs
    FROM timing WHERE run > 0 GROUP BY id, workers
)
SELECT what, against, workers, round(ours::numeric) AS "ms", round(theirs::numeric) AS "against, ms",
       CASE WHEN required LIKE 'at most%' THEN round((ours / theirs)::numeric, 2) || ' times as long'
            ELSE round((theirs / ours)::numeric, 1) || ' times faster' END AS measured,
       required
FROM medians JOIN contest USING (id)
ORDER BY workers, id;
