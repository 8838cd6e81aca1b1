-- $apply: join; the joined row is found again by its id behind a subselect
-- GET Cases?$apply=join(Messages as M)/top(3)/groupby((M/Number),aggregate(M/Length with sum as L))
-- of test/sql/small-model.ts

SELECT
  1,
  l6."k0",
  l6."a0",
  json_build_array((l6."k0")::text, (l6."a0")::text)
FROM
  (
    SELECT
      g.k0 AS k0,
      sum(g.v0) FILTER (
        WHERE
          g.b = 1
      )::bigint AS a0
    FROM
      (
        SELECT
          0 AS b,
          t5."Number" AS k0,
          NULL::integer AS v0
        FROM
          (
            SELECT
              t1.*,
              t2."_row" AS "$3"
            FROM
              "feed"."Cases" AS t1
              JOIN "feed"."Messages" AS t2 ON t2."CaseId" = t1."Id"
            ORDER BY
              t1."_row",
              t2."_row" ASC NULLS FIRST
            LIMIT
              3
          ) AS l4
          LEFT JOIN "feed"."Messages" AS t5 ON t5."_row" = l4."$3"
        UNION ALL
        SELECT
          1 AS b,
          p.k0 AS k0,
          (p.x)::integer AS v0
        FROM
          (
            SELECT DISTINCT
              t5."Number" AS k0,
              t5."_row" AS e,
              t5."Length" AS x
            FROM
              (
                SELECT
                  t1.*,
                  t2."_row" AS "$3"
                FROM
                  "feed"."Cases" AS t1
                  JOIN "feed"."Messages" AS t2 ON t2."CaseId" = t1."Id"
                ORDER BY
                  t1."_row",
                  t2."_row" ASC NULLS FIRST
                LIMIT
                  3
              ) AS l4
              LEFT JOIN "feed"."Messages" AS t5 ON t5."_row" = l4."$3"
            WHERE
              t5."_row" IS NOT NULL
          ) AS p
      ) AS g
    GROUP BY
      g.k0
  ) AS l6
ORDER BY
  l6."k0" ASC NULLS FIRST,
  l6."a0" ASC NULLS FIRST
LIMIT
  101
