-- a collection behind $root
-- GET Cases?$filter=$root/Agents(1)/Cases/any(c:c/Id eq Id)
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
      "feed"."Cases" AS t2
      CROSS JOIN "feed"."Agents" AS t3
    WHERE
      t2."AgentId" = t3."Id"
      AND t3."_deleted_at" IS NULL
      AND t3."Id" = '1'::integer
      AND t2."Id" = t1."Id"
  )
ORDER BY
  t1."_row"
LIMIT
  101
