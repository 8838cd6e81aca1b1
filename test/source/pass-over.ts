import type { EvaluatedGateway } from './evaluated-gateway.ts';

/** The same `$expand` without some options inside of it. */
export function withoutNested(expand: string, names: readonly string[]): string {
  let [text, depth, left] = ['', 0, -1];
  for (let at = 0; at < expand.length; at++) {
    const char = expand[at] ?? '';
    const ends = (char === ';' && depth === left) || (char === ')' && depth === left);
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    if (left >= 0 && !ends) {
      continue;
    }
    left = -1;
    const begun = names.find((name) => /[;(]$/.test(text + char) && expand.startsWith(`${name}=`, at + 1));
    text += char;
    if (begun !== undefined) {
      left = depth;
    }
  }
  return text.replaceAll(/;+(?=[;)])|(?<=\();+|\(;*\)/g, '');
}

/** Passes over options inside of `$expand`, or of sets, too, in counts or in all else alone where that is said, and answers the rest as the stored gateway does. */
export function passOver(gateway: EvaluatedGateway, names: readonly string[], ofSets: boolean | RegExp = false): void {
  gateway.onRequest = (request, response) => {
    const url = new URL(request.url ?? '', gateway.stored.root);
    const expand = url.searchParams.get('$expand');
    if (expand !== null) {
      url.searchParams.set('$expand', withoutNested(expand, names));
    }
    if (typeof ofSets === 'boolean' ? ofSets : ofSets.test(decodeURIComponent(request.url ?? ''))) {
      names.map((name) => url.searchParams.delete(name));
    }
    void fetch(new URL(url.search, new URL(url.pathname, gateway.stored.root)))
      .then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(await reply.text());
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    return true;
  };
}

/** How a feed answers in a way of its own. */
export interface Way {
  /** What it makes of `$expand`; null: nothing; a number: it refuses the request with that status. */
  readonly asked: (expand: string | null) => string | null | number;
  /** What it makes of each row that it answers with. `expand`: what was asked for. */
  readonly row?: (row: Readonly<Record<string, unknown>>, expand: string) => Readonly<Record<string, unknown>>;
}

/** Answers as the stored gateway does, but for `$expand`. */
export function answerAs(gateway: EvaluatedGateway, { asked, row }: Way): void {
  gateway.onRequest = (request, response) => {
    const url = new URL(request.url ?? '', gateway.stored.root);
    const expand = url.searchParams.get('$expand');
    const left = asked(expand);
    if (typeof left === 'number') {
      response
        .writeHead(left, { 'Content-Type': 'application/json' })
        .end('{"error":{"code":"x","message":"no expand"}}');
      return true;
    }
    if (left === null) {
      url.searchParams.delete('$expand');
    } else {
      url.searchParams.set('$expand', left);
    }
    void fetch(new URL(url.search, new URL(url.pathname, gateway.stored.root)))
      .then(async (reply) => {
        const text = await reply.text();
        const isJson = row !== undefined && text.startsWith('{') && reply.status === 200;
        response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
        response.end(isJson ? JSON.stringify(reshaped(JSON.parse(text), expand ?? '', row)) : text);
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    return true;
  };
}

/** Refuses conditions that look at related rows besides. */
export function refuseRelated(gateway: EvaluatedGateway): void {
  const answer = gateway.onRequest;
  gateway.onRequest = (request, response) => {
    const filter = new URL(request.url ?? '', gateway.stored.root).searchParams.get('$filter') ?? '';
    if (!filter.includes('/')) {
      return answer?.(request, response) ?? false;
    }
    response
      .writeHead(400, { 'Content-Type': 'application/json' })
      .end('{"error":{"code":"x","message":"no related rows"}}');
    return true;
  };
}

/** Every object of a reply as `row` makes it, its envelope left alone. */
function reshaped(value: unknown, expand: string, row: NonNullable<Way['row']>, isEnvelope = true): unknown {
  if (Array.isArray(value)) {
    return value.map((one) => reshaped(one, expand, row, false));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const members = Object.entries(value).map(([name, one]) => [name, reshaped(one, expand, row, false)] as const);
  const object: Readonly<Record<string, unknown>> = Object.fromEntries(members);
  return isEnvelope && 'value' in object ? object : row(object, expand);
}
