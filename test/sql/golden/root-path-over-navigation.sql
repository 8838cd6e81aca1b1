-- a path from $root over a navigation, with hidden rows left out
-- GET Cases?$select=Id&$orderby=$root/Cases(6)/Agent/Name
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  left(
    (
      SELECT
        t3."Name"
      FROM
        "feed"."Cases" AS t2
        LEFT JOIN "feed"."Agents" AS t3 ON t3."Id" = t2."AgentId"
        AND t3."_deleted_at" IS NULL
      WHERE
        t2."Id" = '6'::bigint
    ),
    512
  ) COLLATE "C",
  t1."_row"
FROM
  "feed"."Cases" AS t1
ORDER BY
  left(
    (
      SELECT
        t3."Name"
      FROM
        "feed"."Cases" AS t2
        LEFT JOIN "feed"."Agents" AS t3 ON t3."Id" = t2."AgentId"
        AND t3."_deleted_at" IS NULL
      WHERE
        t2."Id" = '6'::bigint
    ),
    512
  ) COLLATE "C" ASC NULLS FIRST,
  t1."_row"
LIMIT
  101
