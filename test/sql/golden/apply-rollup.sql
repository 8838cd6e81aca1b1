-- $apply: rollup without and with a grand total
-- GET Cases?$apply=groupby((rollup(Priority,Open)),aggregate($count as N))
-- of test/sql/small-model.ts

SELECT
  l7."$3",
  l7."$4",
  l7."$5",
  json_build_array((l7."$3")::text, (l7."$4")::text, (l7."$5")::text, (l7."$6")::text)
FROM
  (
    SELECT
      l2."k0" AS "$3",
      l2."k1" AS "$4",
      l2."a0" AS "$5",
      row_number() OVER (
        PARTITION BY
          l2."k0",
          l2."k1",
          l2."a0"
      ) AS "$6"
    FROM
      (
        SELECT
          g.k0 AS k0,
          g.k1 AS k1,
          count(*)::bigint AS a0
        FROM
          (
            SELECT
              t1."Priority" AS k0,
              t1."Open" AS k1
            FROM
              "feed"."Cases" AS t1
          ) AS g
        GROUP BY
          GROUPING SETS ((g.k0, g.k1), (g.k0))
      ) AS l2
  ) AS l7
ORDER BY
  l7."$3" ASC NULLS FIRST,
  l7."$4" ASC NULLS FIRST,
  l7."$5" ASC NULLS FIRST,
  l7."$6"
LIMIT
  101
