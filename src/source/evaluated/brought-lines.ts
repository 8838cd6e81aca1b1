import { Buffer } from 'node:buffer';
import { GatewayError } from '../../errors.ts';
import { columnTexts } from '../../json/reading/column-texts.ts';
import type { ReadingEvent } from '../../observation/events/source.ts';
import type { Observe } from '../../observation/observe.ts';
import { copyLine } from '../../sql/copy-line.ts';
import { isRefusedForm } from '../../upstream/client/upstream-fault.ts';
import type { UpstreamReadOptions } from '../../upstream/upstream.ts';
import type { EvaluationLimits } from '../stored/stored-read.ts';
import { objectsOf } from '../upstream/objects-of.ts';
import type { BroughtPart } from './evaluation.ts';

/** What is left of the limits of one request. */
export class Allowance {
  readonly #limits: EvaluationLimits;
  #rows = 0;
  #bytes = 0;

  constructor(limits: EvaluationLimits) {
    this.#limits = limits;
  }

  /** Throws GatewayError LimitExceeded. */
  take(set: string, bytes: number): void {
    this.#rows += 1;
    this.#bytes += bytes;
    const { rows, bytes: most } = this.#limits;
    if (this.#rows > rows) {
      throw tooMuch(set, `more than ${rows} rows`);
    }
    if (this.#bytes > most) {
      throw tooMuch(set, `rows of more than ${Math.floor(most / 1024 / 1024)} MB`);
    }
  }
}

const tooMuch = (set: string, what: string): GatewayError =>
  new GatewayError(
    'LimitExceeded',
    `The gateway would have to fetch ${what} of ${set} to work this out, because its feed cannot: narrow ${set} with $filter on properties of its own, or begin $apply with such a filter(...), and leave out of the request what leads to large sets.`,
    { target: set },
  );

/** Characters of COPY text that are handed on together. */
const pieceLength = 64 * 1024;

/** The rows of a set as its feed gives them now, as COPY text. Throws what the feed's replies throw, and GatewayError LimitExceeded. */
export async function* broughtLines(
  { set, upstream, plans, keyed, properties, groups }: BroughtPart,
  options: UpstreamReadOptions,
  { allowance, observe }: { readonly allowance: Allowance; readonly observe: Observe<ReadingEvent> },
): AsyncGenerator<Uint8Array> {
  const texts = columnTexts(properties);
  const plain = { ...options, ...plainValues, rechecked: true };
  const rowWays = plans.map((plan, at) => () => {
    // In one request where the feed takes the whole list.
    const inParts = at === 0 ? keyed : undefined;
    return inParts === undefined ? objectsOf(upstream, plan, plain, absent) : upstream.fetchByKeys(inParts, plain);
  });
  const ways = groups === undefined ? rowWays : [() => groups.feed.groups(groups.request, plain)];
  let rows = 0;
  for (const [at, asked] of ways.entries()) {
    let piece = '';
    try {
      for await (const row of asked()) {
        const line = copyLine(texts(row));
        rows += 1;
        allowance.take(set.name, line.length);
        piece += line;
        if (piece.length >= pieceLength) {
          yield Buffer.from(piece, 'utf8');
          piece = '';
        }
      }
    } catch (error) {
      if (rows > 0 || at === ways.length - 1 || !isRefusedForm(error)) {
        throw error;
      }
      continue;
    }
    yield Buffer.from(piece, 'utf8');
    break;
  }
  observe({ event: 'rows-brought', set: set.name, rows });
}

const absent = (): never => {
  throw new GatewayError('EntityNotFound', 'No entity has this key');
};

/** For a reply of which the head alone is wanted: the feed is asked, so that what it refuses is known, and no row of it is read. */
export async function* noLines(
  { upstream, plans }: BroughtPart,
  options: UpstreamReadOptions,
): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(0);
  const plain = { ...options, ...plainValues, rechecked: true };
  for (const [at, plan] of plans.entries()) {
    try {
      const reply = await upstream.read(plan, plain);
      if (reply.kind !== 'collection') {
        absent();
        return;
      }
      reply.discard();
      return;
    } catch (error) {
      if (at === plans.length - 1 || !isRefusedForm(error)) {
        throw error;
      }
    }
  }
}

const plainValues = { metadata: 'none', ieee754Compatible: false, omitNulls: false, mixed: false } as const;
