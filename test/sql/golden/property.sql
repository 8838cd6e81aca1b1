-- a property
-- GET Cases(1)/Title
-- of test/sql/small-model.ts

SELECT
  t1."Title"
FROM
  "feed"."Cases" AS t1
WHERE
  t1."Id" = '1'::bigint
