/**
 * Prints for each URL that it is given what differs in shape between two requests of it, as JSON. A process of its own: what else ran in one changes which forms
 * V8 has for objects.
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { Writable } from 'node:stream';
import v8 from 'node:v8';
import type { Feed } from '../../../src/http/feed.ts';
import type { ReplyTarget } from '../../../src/http/reply/reply-target.ts';
import { respond, type Serving } from '../../../src/http/respond.ts';
import { openToAll } from '../../../src/http/sign-in/authentication.ts';
import { everything } from '../../../src/plan/grants.ts';
import { DataSources } from '../../../src/source/data-sources.ts';
import { ResultCache } from '../../../src/source/stored/result-cache.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { catalogue } from '../../sql/small-model.ts';

/** As often as it takes V8 to keep copies of an object in a form of its own. */
const often = 100;

const sameShape = shapeComparison();

/** Whether V8 keeps both objects in the same form ("map", "hidden class"). */
function shapeComparison(): (one: object, other: object) => boolean {
  v8.setFlagsFromString('--allow-natives-syntax');
  try {
    return new Function('one', 'other', 'return %HaveSameMap(one, other)') as (one: object, other: object) => boolean;
  } finally {
    v8.setFlagsFromString('--no-allow-natives-syntax');
  }
}

/** Where, within two things that are alike, objects are of different shapes. */
function differences(one: unknown, other: unknown, path: string, seen = new Set<unknown>()): readonly string[] {
  if (one === other || typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return [];
  }
  // What Node 20 makes of an AbortSignal is its own affair.
  if (seen.has(one) || one instanceof AbortSignal) {
    return [];
  }
  seen.add(one);
  const inside = Object.keys(one).flatMap((name) =>
    differences(Reflect.get(one, name), Reflect.get(other, name), `${path}.${name}`, seen),
  );
  return sameShape(one, other) ? inside : [path, ...inside];
}

/** What a request becomes on its way to PostgreSQL, and what is told of it. */
async function traces(url: string): Promise<readonly unknown[]> {
  let trace: unknown[] = [];
  const database = {
    read: async (_: unknown, options: unknown) => {
      trace.push({ options });
      return async () => undefined;
    },
  } as unknown as Database;
  const sources = new DataSources({ database, results: new ResultCache(), timeout: 30_000 }, new Map());
  const feed: Feed = {
    catalogue: () => catalogue,
    capabilities: null,
    authentication: openToAll,
    grantsOf: () => everything,
    settings: { pageSize: 100, publicUrl: null },
    sources: Object.assign(Object.create(sources), {
      pick: (...[plan, whole]: Parameters<DataSources['pick']>) => {
        const source = sources.pick(plan, whole);
        const read: typeof source.read = (reading, recipient) => {
          trace.push({ plan, reading, recipient });
          return source.read(reading, recipient);
        };
        return { read };
      },
    }) as DataSources,
    observe: (event) => {
      trace.push({ event });
    },
  };
  const all: unknown[] = [];
  for (let turn = 0; turn < often; turn++) {
    trace = [];
    await respond(requestFor(url), replyTo(), { feed } as Serving);
    all.push(trace);
  }
  return all.slice(-2);
}

/** The error that the log tells of a request. */
function errorOf(trace: unknown): unknown {
  const told = (trace as readonly { readonly event?: { readonly event: string; readonly error?: unknown } }[]).at(-1);
  assert.equal(told?.event?.event, 'request');
  return told?.event?.error;
}

function requestFor(url: string): Parameters<typeof respond>[0] {
  const headers = { host: '127.0.0.1', prefer: 'odata.maxpagesize=10' };
  const origin = { url, host: '127.0.0.1', address: '127.0.0.1', secure: false } as Parameters<
    typeof respond
  >[0]['origin'];
  return { method: 'GET', url, headers, address: '127.0.0.1', origin, body: null, fault: null, within: null };
}

function replyTo(): ReplyTarget {
  const target = new Writable({ write: (_, __, done) => done() });
  const others = {
    statusCode: 200,
    headersSent: false,
    req: { method: 'GET' },
    setHeader: () => target,
    writeHead: () => target,
  };
  return Object.assign(target, others);
}

const compared: Record<string, readonly string[]> = {};
for (const url of process.argv.slice(2)) {
  const [one, other] = await traces(url);
  assert.equal(Object(one).length, Object(other).length);
  assert.equal(errorOf(one), null);
  compared[url] = differences(one, other, '');
}
process.stdout.write(JSON.stringify(compared));
