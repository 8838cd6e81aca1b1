-- $apply inside $expand: over the rows of one parent
-- GET Agents?$select=Id&$expand=Cases($apply=groupby((Open),aggregate($count as N)))
-- of test/sql/small-model.ts

SELECT
  t1."Id",
  (
    SELECT
      COALESCE(string_agg(r4.line, ''), '')
    FROM
      (
        SELECT
          array_to_string(ARRAY[(l3."k0")::text, (l3."a0")::text], E'\x02', E'\x1d') || E'\x01' AS line
        FROM
          (
            SELECT
              g.k0 AS k0,
              count(*)::bigint AS a0
            FROM
              (
                SELECT
                  t2."Open" AS k0
                FROM
                  "feed"."Cases" AS t2
                WHERE
                  t2."AgentId" = t1."Id"
              ) AS g
            GROUP BY
              g.k0
          ) AS l3
        ORDER BY
          l3."k0" ASC NULLS FIRST,
          l3."a0" ASC NULLS FIRST
      ) AS r4
  ),
  t1."_row"
FROM
  "feed"."Agents" AS t1
WHERE
  t1."_deleted_at" IS NULL
ORDER BY
  t1."_row"
LIMIT
  101
