-- round goes away from zero
-- GET Cases?$select=Id&$filter=round(Score) eq 3 and round(Cost) eq 3
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    round((t1."Score")::text::numeric)::double precision = '3'::double precision
    AND round(t1."Cost") = '3'::numeric
  )
ORDER BY
  t1."_row"
LIMIT
  101
