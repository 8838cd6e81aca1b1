-- a path from $root is a scalar subselect; eq of it and a nullable column is null-safe and sargable
-- GET Cases?$filter=Priority eq $root/Cases(6)/Priority
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."Title",
  t1."Priority",
  t1."Small",
  t1."Cost",
  t1."Score",
  t1."Open",
  t1."CreatedAt",
  t1."DueOn",
  t1."StartsAt",
  t1."Took",
  t1."Token",
  t1."Raw",
  t1."AgentId",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    t1."Priority" = (
      SELECT
        t2."Priority"
      FROM
        "feed"."Cases" AS t2
      WHERE
        t2."Id" = '6'::bigint
    )
    OR (
      t1."Priority" IS NULL
      AND (
        SELECT
          t2."Priority"
        FROM
          "feed"."Cases" AS t2
        WHERE
          t2."Id" = '6'::bigint
      ) IS NULL
    )
  )
ORDER BY
  t1."_row"
LIMIT
  101
