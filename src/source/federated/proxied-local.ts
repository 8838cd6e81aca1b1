import type { Property } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import type { JoinKey } from '../../plan/federate/join-key.ts';
import type { Completion, Join } from '../../plan/federate/split-selection.ts';
import type { CollectionPlan, EntityPlan } from '../../plan/model/read-plan.ts';
import type { Upstream, UpstreamReadOptions } from '../../upstream/upstream.ts';
import { objectsOf } from '../upstream/objects-of.ts';
import {
  chunkSize,
  type LocalPage,
  type LocalSource,
  longestChunk,
  type PageTokens,
  tooManyRows,
} from './local-source.ts';
import { joinKeyOf } from './member-key.ts';
import type { OpenRows } from './open-rows.ts';
import { ProxiedRows } from './proxied-rows.ts';

/** One proxied feed. */
export class ProxiedLocal implements LocalSource {
  readonly #upstream: Upstream;
  readonly #options: UpstreamReadOptions;

  /** `options`: without a `$skiptoken`. */
  constructor(upstream: Upstream, options: UpstreamReadOptions) {
    this.#upstream = upstream;
    this.#options = options;
  }

  async entity(plan: EntityPlan, completion: Completion): Promise<OpenRows | null> {
    const row = await this.#entity(plan, this.#options);
    return row === null ? null : new ProxiedRows([row], plan.selection.set, completion);
  }

  async entityKey(plan: EntityPlan, properties: readonly Property[]): Promise<JoinKey | 'absent'> {
    const row = await this.#entity(plan, { ...this.#options, metadata: 'minimal' });
    return row === null ? 'absent' : joinKeyOf(properties)(readObject(row));
  }

  async page(plan: CollectionPlan, completion: Completion, { skipToken }: PageTokens): Promise<LocalPage | null> {
    const reply = await this.#upstream.read(plan, { ...this.#options, skipToken });
    if (reply.kind !== 'collection') {
      return null;
    }
    const { count, discard, end, objects } = reply;
    const { set } = plan.selection;
    const chunks = async function* (): AsyncGenerator<OpenRows> {
      for await (const chunk of inChunks(objects)) {
        yield new ProxiedRows(chunk, set, completion);
      }
    };
    return { count, discard, end, chunks: chunks() };
  }

  async checkByKeys({ selection, theirs, expand }: Join): Promise<void> {
    const { set } = selection;
    const request = { set, properties: theirs, selection, restriction: expand.restriction };
    await this.#upstream.checkByKeys?.(request, this.#options);
  }

  async byKeys(
    { selection, theirs, expand, completion }: Join,
    keys: readonly (readonly string[])[],
  ): Promise<OpenRows> {
    const { set } = selection;
    const request = { set, properties: theirs, keys, selection, restriction: expand.restriction };
    const found: string[] = [];
    let length = 0;
    for await (const row of this.#upstream.fetchByKeys(request, this.#options)) {
      length += row.length;
      if (length > longestChunk) {
        throw tooManyRows(expand);
      }
      found.push(row);
    }
    return new ProxiedRows(found, set, completion);
  }

  async *keys(plan: CollectionPlan, properties: readonly Property[]): AsyncGenerator<JoinKey> {
    const keyOf = joinKeyOf(properties);
    const plain = { ...this.#options, metadata: 'none', omitNulls: false, mixed: false } as const;
    for await (const row of objectsOf(this.#upstream, plan, plain)) {
      yield keyOf(readObject(row));
    }
  }

  async #entity(plan: EntityPlan, options: UpstreamReadOptions): Promise<string | null> {
    const reply = await this.#upstream.read(plan, options);
    return reply.kind === 'entity' ? Buffer.from(reply.json).toString('utf8') : null;
  }
}

async function* inChunks(rows: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let chunk: string[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < chunkSize) {
      continue;
    }
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) {
    yield chunk;
  }
}
