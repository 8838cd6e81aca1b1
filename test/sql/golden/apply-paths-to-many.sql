-- $apply: aggregates over paths to many have rows of their own, distinct where an entity can be reached twice
-- GET Cases?$apply=groupby((Priority),aggregate(Messages/Length with sum as L,Messages/Agent/$count as A,$count as N))
-- of test/sql/small-model.ts

SELECT
  l5."k0",
  l5."a0",
  l5."a1",
  l5."a2",
  json_build_array((l5."k0")::text, (l5."a0")::text, (l5."a1")::text, (l5."a2")::text)
FROM
  (
    SELECT
      g.k0 AS k0,
      sum(g.v0) FILTER (
        WHERE
          g.b = 1
      )::bigint AS a0,
      count(*) FILTER (
        WHERE
          g.b = 2
      )::bigint AS a1,
      count(*) FILTER (
        WHERE
          g.b = 0
      )::bigint AS a2
    FROM
      (
        SELECT
          0 AS b,
          t1."Priority" AS k0,
          NULL::integer AS v0
        FROM
          "feed"."Cases" AS t1
        UNION ALL
        SELECT
          1 AS b,
          p.k0 AS k0,
          (p.x)::integer AS v0
        FROM
          (
            SELECT
              t1."Priority" AS k0,
              t2."Length" AS x
            FROM
              "feed"."Cases" AS t1
              JOIN "feed"."Messages" AS t2 ON t2."CaseId" = t1."Id"
          ) AS p
        UNION ALL
        SELECT
          2 AS b,
          p.k0 AS k0,
          NULL::integer AS v0
        FROM
          (
            SELECT DISTINCT
              t1."Priority" AS k0,
              t4."_row" AS e,
              1 AS x
            FROM
              "feed"."Cases" AS t1
              JOIN "feed"."Messages" AS t3 ON t3."CaseId" = t1."Id"
              LEFT JOIN "feed"."Agents" AS t4 ON t4."Id" = t3."AgentId"
              AND t4."_deleted_at" IS NULL
            WHERE
              t4."_row" IS NOT NULL
          ) AS p
      ) AS g
    GROUP BY
      g.k0
  ) AS l5
ORDER BY
  l5."k0" ASC NULLS FIRST,
  l5."a0" ASC NULLS FIRST,
  l5."a1" ASC NULLS FIRST,
  l5."a2" ASC NULLS FIRST
LIMIT
  101
