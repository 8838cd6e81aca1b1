import { DateTime } from 'luxon';
import type { Catalogue, Source } from '../../catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../catalogue/compile/upstream/merge-upstream-model.ts';
import { checkModel } from '../../edm/check-model.ts';
import type { Model } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { recentWeeks } from '../../samples/recent-weeks.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { connectUpstream } from '../../upstream/connect.ts';
import { nowhere, type SignInKeeping } from '../../upstream/sign-in/lasting-sign-in.ts';
import { realTime, type TimeSource } from '../../upstream/sign-in/time-source.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { Turns } from '../../warehouse/admission/turns.ts';
import type { Surroundings } from '../support/surroundings.ts';
import { addressSetting, withoutAddress } from './withheld-sets.ts';

export interface ConnectedUpstreams {
  /** The catalogue as served now, with the models that the proxied feeds declare. */
  catalogue(): Catalogue;
  /** By source name. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Those that have an address: what no sandbox plays. */
  readonly feeds: ReadonlyMap<string, Upstream>;
  /** Sources of which a model of their own is known, from now or from an earlier run. */
  readonly modelled: ReadonlySet<string>;
  /** `listener` is told whenever the catalogue has changed. One at a time. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

/**
 * Connects every proxied source. One without a URL gets a sandbox with made-up rows, unless samples are off: then its sets
 * are not served. A feed that is down is no fault here.
 */
export async function connectUpstreams(
  surroundings: Surroundings,
  loaded: Catalogue,
  { kept = new Set(), keeping = nowhere, time = realTime, readsOptions = false }: ConnectOptions = {},
): Promise<ConnectedUpstreams> {
  const { config } = surroundings;
  const silent = [...loaded.sources.values()].filter(
    ({ name, upstream }) => upstream?.url === null && (!config.samples || kept.has(name)),
  );
  const base = withoutAddress(loaded, silent);
  const models = new Map<string, Model>();
  const modelled = new Set<string>();
  let served = base;
  let changed = (): void => {};
  const adopt = (source: string, model: Model): readonly string[] => {
    // Always from the catalogue as it was loaded, so that a set that comes back has its words again.
    let merged = base;
    let differences: readonly string[] = [];
    for (const [name, one] of new Map(models).set(source, model)) {
      const result = mergeUpstreamModel(merged, name, one);
      merged = result.catalogue;
      if (name === source) {
        differences = result.differences.map(({ set, message }) => `${set}: ${message}`);
      }
    }
    refuseFaulty(merged);
    models.set(source, model);
    modelled.add(source);
    served = merged;
    changed();
    return differences;
  };
  const upstreams = new Map<string, Upstream>();
  const feeds = new Map<string, Upstream>();
  const sandboxes: Sandbox[] = [];
  for (const source of loaded.sources.values()) {
    const reachable = await withUrl(source, { loaded, surroundings, sandboxes, kept });
    if (reachable === null) {
      continue;
    }
    const { dataDir } = surroundings.config;
    const { observe, environment } = surroundings;
    const connection = {
      source: reachable,
      dataDir,
      catalogue: () => served,
      adopt: ({ model }: { readonly model: Model }) => adopt(source.name, model),
      environment,
      time,
      // The sandbox is a part of this program.
      readsOptions: readsOptions || source.upstream?.url == null,
      places: new Turns(reachable.upstream?.maxConcurrentRequests ?? 1),
      keeping,
      observe,
    };
    const upstream = await connectUpstream(connection);
    upstreams.set(source.name, upstream);
    if (source.upstream?.url != null) {
      feeds.set(source.name, upstream);
    }
  }
  return {
    catalogue: () => served,
    upstreams,
    feeds,
    modelled,
    onChange: (listener) => {
      changed = listener;
    },
    close: async () => {
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
      await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
    },
  };
}

/** A client refuses the whole feed for one wrong name. Throws GatewayError UpstreamRefused, and the model before stays. */
function refuseFaulty({ model }: Catalogue): void {
  const faults = checkModel(model);
  if (faults.length === 0) {
    return;
  }
  const told = faults.slice(0, 5).map(({ path, message }) => `${path} ${message}`);
  throw new GatewayError(
    'UpstreamRefused',
    `Its $metadata cannot be served (${faults.length} faults): ${told.join('; ')}`,
  );
}

export interface ConnectOptions {
  /** Sources with archived rows of a feed: made-up rows are no substitute for these. Absent: none. */
  readonly kept?: ReadonlySet<string>;
  /** Where sign-ins of persons are kept. Absent: nowhere. */
  readonly keeping?: SignInKeeping;
  /** What the feeds are waited by. Absent: real time. */
  readonly time?: TimeSource;
  /** It is known that all feeds do what options of their sets say. Absent: of sandboxes alone. */
  readonly readsOptions?: boolean;
}

interface UpstreamSetting {
  readonly kept: ReadonlySet<string>;
  readonly loaded: Catalogue;
  readonly surroundings: Surroundings;
  readonly sandboxes: Sandbox[];
}

const sandboxSize = { rows: 60, seed: 1 };

/** The source with a URL to ask; null: it is no proxied source, or has no URL and gets no sandbox. */
async function withUrl(
  source: Source,
  { loaded, surroundings, sandboxes, kept }: UpstreamSetting,
): Promise<Source | null> {
  if (source.upstream === undefined) {
    return null;
  }
  if (source.upstream.url !== null) {
    return source;
  }
  const { config, print } = surroundings;
  const setting = addressSetting(source);
  if (!config.samples || kept.has(source.name)) {
    const others = kept.has(source.name) ? ', but for what is archived of them' : '';
    print(`${source.title}: ${setting} is not set, so its sets are not served${others}.`);
    return null;
  }
  // Its OData server brings some ninety packages along: they are loaded only where a sandbox is wanted.
  const { startSandbox } = await import('../../sandbox/sandbox.ts');
  const sandbox = await startSandbox(loaded, source.name, {
    ...sandboxSize,
    within: recentWeeks(DateTime.utc()),
  });
  sandboxes.push(sandbox);
  print(`SAMPLES: ${source.title} is a sandbox with made-up rows until ${setting} is set.`);
  return { ...source, upstream: { ...source.upstream, url: sandbox.url, signIn: { kind: 'none' } } };
}
