-- $apply: from
-- GET Cases?$apply=aggregate(Cost with sum from Priority with average as A)
-- of test/sql/small-model.ts

SELECT
  l2."a0",
  json_build_array((l2."a0")::text)
FROM
  (
    SELECT
      (
        array_agg(g.v0) FILTER (
          WHERE
            g.b = 1
        )
      ) [1] AS a0
    FROM
      (
        SELECT
          1 AS b,
          (p.x)::numeric AS v0
        FROM
          (
            SELECT
              trim_scale(avg(g.x)) AS x
            FROM
              (
                SELECT
                  g.f0_0,
                  sum(g.x)::numeric AS x
                FROM
                  (
                    SELECT
                      t1."Priority" AS f0_0,
                      t1."Cost" AS x
                    FROM
                      "feed"."Cases" AS t1
                  ) AS g
                GROUP BY
                  g.f0_0
              ) AS g
          ) AS p
      ) AS g
  ) AS l2
ORDER BY
  l2."a0" ASC NULLS FIRST
LIMIT
  101
