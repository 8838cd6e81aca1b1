-- $apply: transformations inside groupby, all groups at once; groups without rows come back to be aggregated
-- GET Cases?$apply=groupby((Priority),orderby(Cost desc)/top(2)/aggregate(Cost with sum as T))
-- of test/sql/small-model.ts

SELECT
  l7."k0",
  l7."a0",
  json_build_array((l7."k0")::text, (l7."a0")::text)
FROM
  (
    SELECT
      g.k0 AS k0,
      sum(g.v0) FILTER (
        WHERE
          g.b = 0
      )::numeric AS a0
    FROM
      (
        SELECT
          0 AS b,
          l6."$3" AS k0,
          (l6."Cost")::numeric AS v0
        FROM
          (
            SELECT
              t1.*,
              t1."Priority" AS "$3",
              row_number() OVER (
                PARTITION BY
                  t1."Priority"
                ORDER BY
                  t1."Cost" DESC NULLS LAST,
                  t1."_row"
              ) AS "$4",
              t1."Cost" AS "$5"
            FROM
              "feed"."Cases" AS t1
          ) AS l6
        WHERE
          l6."$4" <= 2
        UNION ALL
        SELECT
          1 AS b,
          p.k0 AS k0,
          NULL::numeric AS v0
        FROM
          (
            SELECT
              t1."Priority" AS k0
            FROM
              "feed"."Cases" AS t1
          ) AS p
      ) AS g
    GROUP BY
      g.k0
  ) AS l7
ORDER BY
  l7."k0" ASC NULLS FIRST,
  l7."a0" ASC NULLS FIRST
LIMIT
  101
