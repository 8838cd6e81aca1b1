-- $apply: concat reads its input once
-- GET Cases?$apply=filter(Open)/concat(aggregate($count as N),topcount(1,Cost))&$select=Id,N
-- of test/sql/small-model.ts

SELECT
  l26."$10",
  l26."$11",
  json_build_array((l26."$10")::text, (l26."$11")::text, (l26."$25")::text)
FROM
  (
    SELECT
      l9."c0" AS "$10",
      l9."c1" AS "$11",
      l9."c2" AS "$12",
      l9."c3" AS "$13",
      l9."c4" AS "$14",
      l9."c5" AS "$15",
      l9."c6" AS "$16",
      l9."c7" AS "$17",
      l9."c8" AS "$18",
      l9."c9" AS "$19",
      l9."c10" AS "$20",
      l9."c11" AS "$21",
      l9."c12" AS "$22",
      l9."c13" AS "$23",
      l9."c14" AS "$24",
      row_number() OVER (
        PARTITION BY
          l9."c0",
          l9."c1"
      ) AS "$25"
    FROM
      (
        WITH
          i2 AS (
            SELECT
              t1.*
            FROM
              "feed"."Cases" AS t1
            WHERE
              t1."Open"
          )
        SELECT
          (l5."a0")::bigint AS c0,
          (NULL::bigint)::bigint AS c1,
          (NULL::text) COLLATE "C" AS c2,
          (NULL::integer)::integer AS c3,
          (NULL::smallint)::smallint AS c4,
          (NULL::numeric)::numeric AS c5,
          (NULL::double precision)::double precision AS c6,
          (NULL::boolean)::boolean AS c7,
          (NULL::timestamptz)::timestamptz AS c8,
          (NULL::date)::date AS c9,
          (NULL::time)::time AS c10,
          (NULL::interval)::interval AS c11,
          (NULL::uuid)::uuid AS c12,
          (NULL::bytea)::bytea AS c13,
          (NULL::integer)::integer AS c14
        FROM
          (
            SELECT
              count(*)::bigint AS a0
            FROM
              (
                SELECT
                FROM
                  (TABLE i2) AS l4
              ) AS g
          ) AS l5
        UNION ALL
        SELECT
          (NULL::bigint)::bigint AS c0,
          (l8."Id")::bigint AS c1,
          (l8."Title") COLLATE "C" AS c2,
          (l8."Priority")::integer AS c3,
          (l8."Small")::smallint AS c4,
          (l8."Cost")::numeric AS c5,
          (l8."Score")::double precision AS c6,
          (l8."Open")::boolean AS c7,
          (l8."CreatedAt")::timestamptz AS c8,
          (l8."DueOn")::date AS c9,
          (l8."StartsAt")::time AS c10,
          (l8."Took")::interval AS c11,
          (l8."Token")::uuid AS c12,
          (l8."Raw")::bytea AS c13,
          (l8."AgentId")::integer AS c14
        FROM
          (
            SELECT
              l6.*,
              row_number() OVER (
                ORDER BY
                  l6."Cost" DESC NULLS LAST,
                  l6."_row" ROWS UNBOUNDED PRECEDING
              ) - 1 AS "$7"
            FROM
              (TABLE i2) AS l6
          ) AS l8
        WHERE
          l8."$7" < '1'::bigint
      ) AS l9
  ) AS l26
ORDER BY
  l26."$10" ASC NULLS FIRST,
  l26."$11" ASC NULLS FIRST,
  l26."$25"
LIMIT
  101
