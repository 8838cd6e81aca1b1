-- $apply: groupby over a path to one
-- GET Cases?$apply=groupby((Agent/Name),aggregate(Cost with sum as Total,$count as Rows))&$orderby=Total desc
-- of test/sql/small-model.ts

SELECT
  CASE l3."k1"
    WHEN TRUE THEN 1
    WHEN FALSE THEN NULL
    ELSE 0
  END,
  l3."k0",
  l3."a0",
  l3."a1",
  l3."a0",
  json_build_array(
    (left(l3."k0", 512) COLLATE "C")::text,
    (
      CASE
        WHEN length(l3."k0") > 512 THEN md5(l3."k0") COLLATE "C"
      END
    )::text,
    (l3."k1")::text,
    (l3."a0")::text,
    (l3."a1")::text
  )
FROM
  (
    SELECT
      g.k0 AS k0,
      g.k1 AS k1,
      sum(g.v0)::numeric AS a0,
      count(*)::bigint AS a1
    FROM
      (
        SELECT
          t2."Name" AS k0,
          (t2."_row" IS NOT NULL) AS k1,
          t1."Cost" AS v0
        FROM
          "feed"."Cases" AS t1
          LEFT JOIN "feed"."Agents" AS t2 ON t2."Id" = t1."AgentId"
          AND t2."_deleted_at" IS NULL
      ) AS g
    GROUP BY
      g.k0,
      g.k1
  ) AS l3
ORDER BY
  l3."a0" DESC NULLS LAST,
  left(l3."k0", 512) COLLATE "C" ASC NULLS FIRST,
  CASE
    WHEN length(l3."k0") > 512 THEN md5(l3."k0") COLLATE "C"
  END ASC NULLS FIRST,
  l3."k1" ASC NULLS FIRST,
  l3."a0" ASC NULLS FIRST,
  l3."a1" ASC NULLS FIRST
LIMIT
  101
