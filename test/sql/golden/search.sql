-- $search
-- GET Cases?$select=Id&$search=plain OR NOT "a b"
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  t1."_row"
FROM
  "feed"."Cases" AS t1
WHERE
  to_tsvector('simple'::regconfig, COALESCE(left(t1."Title", 100000), '')) @@ (phraseto_tsquery('simple'::regconfig, 'plain') || !! phraseto_tsquery('simple'::regconfig, 'a b'))
ORDER BY
  t1."_row"
LIMIT
  101
