-- an entity over a navigation
-- GET Cases(1)/Agent?$select=Name
-- of test/sql/small-model.ts

SELECT
  t1."Name"
FROM
  "feed"."Agents" AS t1
WHERE
  t1."_deleted_at" IS NULL
  AND EXISTS (
    SELECT
      1
    FROM
      "feed"."Cases" AS t2
    WHERE
      t2."Id" = '1'::bigint
      AND t1."Id" = t2."AgentId"
  )
