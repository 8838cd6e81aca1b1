-- an entity at $root that is there
-- GET Cases?$filter=$root/Agents(1) ne null
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
  EXISTS (
    SELECT
      1
    FROM
      "feed"."Agents" AS t2
    WHERE
      t2."_deleted_at" IS NULL
      AND t2."Id" = '1'::integer
      AND t2."_row" IS NOT NULL
  )
ORDER BY
  t1."_row"
LIMIT
  101
