-- different keys are different joins
-- GET Cases?$select=Id&$filter=Messages(1)/Length gt Messages(2)/Length
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
  LEFT JOIN "feed"."Messages" AS t2 ON t2."CaseId" = t1."Id"
  AND t2."Number" = '1'::integer
  LEFT JOIN "feed"."Messages" AS t3 ON t3."CaseId" = t1."Id"
  AND t3."Number" = '2'::integer
WHERE
  t2."Length" > t3."Length"
ORDER BY
  t1."_row"
LIMIT
  101
