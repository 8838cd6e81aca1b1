import assert from 'node:assert/strict';
import { bindGrants, type SetRule } from '../../../src/plan/bind/grants.ts';
import { everything } from '../../../src/plan/grants.ts';
import { byName } from '../by-name.ts';
import { catalogue } from '../rights/personal-model.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

/** Stands in all that `bob` must not see: hidden columns, masked ones, hidden rows and sets. */
const secret = 'Xq7Leak';

/** Ten cases of twenty, without titles and agents; messages with masked bodies. */
const bob = bindGrants(
  new Map<string, SetRule>([
    ['Cases', { rows: 'Id le 10', properties: ['Id', 'Priority', 'Cost', 'Open', 'CreatedAt'] }],
    ['Messages', { rows: 'CaseId le 10', masked: ['Body'] }],
  ]),
  catalogue,
);

/** A feed of which `ann` sees everything and `bob` little, and what was seen of it. */
export interface AttackedFeed {
  readonly feed: TestServer;
  /** How many replies had which status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Asks as `bob`, or whoever the headers say; fails for a 500, and for what is not his to see. */
  ask(target: string, init?: RequestInit): Promise<{ readonly status: number; readonly body: string }>;
  /** The same for all of these in one batch, each with these headers. */
  batch(
    targets: readonly string[],
    headers: Readonly<Record<string, string>>,
    kind: 'json' | 'multipart',
  ): Promise<void>;
  close(): Promise<void>;
}

export async function attackedFeed(): Promise<AttackedFeed> {
  const feed = await startTestServer({
    catalogue: () => catalogue,
    authentication: byName,
    grantsOf: (principal) => (principal?.name === 'ann' ? everything : bob),
    statementTimeout: 20_000,
    rows: `
      INSERT INTO feed."Agents" ("Id", "Name") SELECT g, '${secret}Agent' || g FROM generate_series(1, 5) AS g;
      INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") SELECT g, '${secret}Title' || g, g, 1 + g % 5 FROM generate_series(1, 20) AS g;
      INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length") SELECT 1 + g % 20, g, '${secret}Body' || g, g FROM generate_series(1, 60) AS g;`,
  });
  const statuses = new Map<number, number>();
  const check = (status: number, body: string, target: string): void => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const shown = `${status} ${target.slice(0, 300)}: ${body.slice(0, 600)}`;
    assert.ok(status < 500 || status === 501 || (status === 503 && /QueryTimeout/.test(body)), shown);
    assert.ok(!body.includes(secret) && !/Agent1|"Name"|evil\.example/.test(body), shown);
    assert.doesNotMatch(body, /node_modules|\.[jt]s:\d|SQLSTATE|relation \\"/, shown);
  };
  return {
    feed,
    statuses,
    async ask(target, init = {}) {
      const reply = await fetch(new URL(target, feed.root), {
        ...init,
        redirect: 'manual',
        headers: { 'api-key': 'bob', ...(init.headers as Record<string, string>) },
      });
      const body = await reply.text();
      check(reply.status, `${body}${JSON.stringify([...reply.headers])}`, target);
      return { status: reply.status, body };
    },
    async batch(targets, headers, kind) {
      const path = (target: string): string => `/odata/${target}`;
      const parts = targets.map(
        (target, at) =>
          `--b\r\nContent-Type: application/http\r\nContent-ID: ${at}\r\n\r\nGET ${path(target)} HTTP/1.1\r\n${Object.entries(
            headers,
          )
            .map(([name, value]) => `${name}: ${value}\r\n`)
            .join('')}\r\n`,
      );
      const body =
        kind === 'json'
          ? JSON.stringify({
              requests: targets.map((target, at) => ({ id: String(at), method: 'GET', url: path(target), headers })),
            })
          : `${parts.join('\r\n')}\r\n--b--`;
      const reply = await fetch(new URL('$batch', feed.root), {
        method: 'POST',
        body,
        headers: {
          ...{ 'api-key': 'bob', Accept: 'application/json', Prefer: 'continue-on-error' },
          'Content-Type': kind === 'json' ? 'application/json' : 'multipart/mixed;boundary=b',
        },
      });
      const text = await reply.text();
      check(reply.status, text, `a batch with ${JSON.stringify(headers)}`);
      if (reply.status === 200) {
        const { responses } = JSON.parse(text) as { responses: readonly { status: number; body: unknown }[] };
        assert.equal(responses.length, targets.length);
        for (const [at, one] of responses.entries()) {
          check(one.status, JSON.stringify(one.body ?? ''), targets[at] ?? '');
        }
      }
    },
    close: () => feed.close(),
  };
}
