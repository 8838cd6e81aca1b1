-- text functions take no patterns
-- GET Cases?$select=Id&$filter=contains(Title,'%25') and startswith(Title,'_') and endswith(Title,'\')
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  (
    (
      (strpos(t1."Title", '%') > 0)
      AND starts_with(t1."Title", '_')
    )
    AND starts_with(reverse(t1."Title"), reverse(E'\\'))
  )
ORDER BY
  t1."_row"
LIMIT
  101
