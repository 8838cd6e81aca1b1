-- $apply: groups of entities are told apart by their ids
-- GET Cases?$apply=groupby((Agent),aggregate($count as N))&$expand=Agent($select=Name)
-- of test/sql/small-model.ts

SELECT
  l3."a0",
  t4."_row",
  t4."Name",
  json_build_array((l3."a0")::text, (t4."_row")::text)
FROM
  (
    SELECT
      g.k0 AS k0,
      count(*)::bigint AS a0
    FROM
      (
        SELECT
          t2."_row" AS k0
        FROM
          "feed"."Cases" AS t1
          LEFT JOIN "feed"."Agents" AS t2 ON t2."Id" = t1."AgentId"
          AND t2."_deleted_at" IS NULL
      ) AS g
    GROUP BY
      g.k0
  ) AS l3
  LEFT JOIN "feed"."Agents" AS t4 ON t4."_row" = l3."k0"
  AND t4."_deleted_at" IS NULL
ORDER BY
  l3."a0" ASC NULLS FIRST,
  t4."_row" ASC NULLS FIRST
LIMIT
  101
