import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

const rows = `
INSERT INTO "feed"."Agents" ("Id", "Name", "City") VALUES (1, 'Ann', 'Bern'), (2, NULL, 'Thun'), (3, 'Zoe', NULL);
INSERT INTO "feed"."Cases" ("Id", "Title", "Priority", "Cost", "AgentId") VALUES
  (10, 'b', 1, NULL, 1), (20, NULL, 2, 5, 2), (30, 'a', NULL, 3, 3), (40, 'c', 1, NULL, NULL), (50, NULL, 2, 1, 1);
INSERT INTO "feed"."Messages" ("CaseId", "Number", "Length") VALUES (10, 1, 5), (10, 2, NULL), (10, 3, 1), (20, 1, NULL), (20, 2, 9);
`;

/** Orders, each with a key that some rows have no value of. */
export const requests = [
  'Cases?$select=Id&$orderby=Cost,Id',
  'Cases?$select=Id&$orderby=Cost desc,Id&$top=3',
  'Cases?$select=Id&$orderby=Title,Priority desc,Id',
  'Cases?$select=Id&$orderby=Priority desc,Title&$skip=1&$top=2&$count=true',
  'Cases?$select=Id&$orderby=Cost add Priority,Id',
  'Cases?$select=Id&$orderby=Id mul -1',
  'Cases?$select=Id&$orderby=Agent/Name desc,Id',
  'Cases?$compute=Cost add 1 as more&$select=Id,more&$orderby=more desc,Id',
  'Cases?$select=Id&$orderby=tolower(Title),Id',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Length,Number)',
  'Cases?$select=Id&$orderby=Id&$expand=Messages($select=Number;$orderby=Length desc,Number;$top=1)',
  'Cases(10)/Messages?$select=Number&$orderby=Length',
  'Cases?$select=Id&$filter=Id gt 10&$orderby=Title desc,Id',
];

/** What a feed with rows without a value at the end, as some databases have them, makes of an order. */
function nullsLast(orderby: string): string {
  const keys = orderby.split(',');
  const said = keys.flatMap((key) => (/^(\S+) eq null/.exec(key)?.[1] ?? []) as string | []);
  return keys
    .flatMap((key) => {
      const [, path = '', direction = ''] = /^([\w/]+)( desc)?$/.exec(key) ?? [];
      return path === '' || path === 'Id' || said.includes(path) ? [key] : [`${path} eq null${direction}`, key];
    })
    .join(',');
}

/** Before a feed that puts rows without a value last. `refuses`: what it does not take. */
export async function openNullsLast(refuses: RegExp | null): Promise<EvaluatedGateway> {
  const gateway = await evaluatedGateway({ rows, readsOptions: false, pageSize: 2 });
  gateway.onRequest = (request, response) => {
    const url = decodeURIComponent(request.url ?? '').replace('/odata/', '');
    const [path = '', query = ''] = url.split('?');
    if (refuses?.test(url) === true) {
      response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":{"code":"x","message":"no"}}');
      return true;
    }
    const ordered = query.includes('$skiptoken')
      ? query
      : query.replaceAll(/\$orderby=([^&;)]*)/g, (_, keys: string) => `$orderby=${nullsLast(keys)}`);
    void fetch(`${gateway.stored.root}${path}?${ordered.replaceAll('+', '%2B')}`)
      .then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    return true;
  };
  return gateway;
}
