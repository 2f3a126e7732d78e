-- Medians in milliseconds, and their ratios.

WITH medians AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE what = 'alone') AS alone,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE what = 'captured') AS captured,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE what = 'finished events') AS finished,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE what = 'jsontriga') AS jsontriga,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE what = 'plpgsql') AS plpgsql
    FROM timing WHERE run > 0
)
SELECT what, round(ours::numeric) AS ms, against, round(theirs::numeric) AS "against, ms",
       CASE WHEN required LIKE 'at most%' THEN round((ours / theirs)::numeric, 2) || ' times as long'
            ELSE round((theirs / ours)::numeric, 1) || ' times faster' END AS measured, required
FROM medians, LATERAL (VALUES
    (1, 'what capture adds to an INSERT of 200,000 rows', captured - alone, 'INSERT of the finished events', finished, 'at most 1.5 times as long'),
    (2, 'the INSERT with capture', captured, 'with pgq.jsontriga', jsontriga, 'at least 2.5 times faster'),
    (3, 'the INSERT with capture', captured, 'with a trigger in PL/pgSQL', plpgsql, 'at least 2.5 times faster'),
    (4, 'the INSERT with capture', captured, 'without', alone, '')) contests (id, what, ours, against, theirs, required)
ORDER BY id;
