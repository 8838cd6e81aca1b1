import { mergeUpstreamModel } from '../catalogue/build/merge-upstream-model.ts';
import type { Catalogue, Source } from '../catalogue/catalogue.ts';
import { checkModel } from '../edm/check-model.ts';
import type { Model } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { connectUpstream } from './connect.ts';
import type { SampleSize } from './sandbox/sample-rows.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import type { Upstream } from './upstream.ts';

/** All proxied sources of a catalogue, connected. */
export interface ConnectedSources {
  /** By source name. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Names of the sources that a sandbox stands in for, to be told to whoever starts the gateway. */
  readonly sandboxed: readonly string[];
  /** The catalogue to serve now: the documented one with every upstream's own model in it. */
  catalogue(): Catalogue;
  close(): Promise<void>;
}

export interface SourcesOptions {
  readonly dataDir: string;
  /** Rows of the stand-in for a source without a URL; null: such a source stays unconnected. */
  readonly sandbox: SampleSize | null;
}

/**
 * Connects every source of kind `odata`. A feed that is down does not keep the others from starting.
 * @throws GatewayError UpstreamRefused when a configured URL is no http or https address.
 */
export async function connectSources(documented: Catalogue, options: SourcesOptions): Promise<ConnectedSources> {
  const models = new Map<string, Model>();
  const upstreams = new Map<string, Upstream>();
  const sandboxes = new Map<string, Sandbox>();
  let served = documented;
  const adopt = (source: string, model: Model): readonly string[] => {
    const merged = mergeAll(documented, new Map([...models, [source, model]]));
    const faults = checkModel(merged.catalogue.model);
    if (faults.length > 0) throw unusable(source, faults.map(({ path, message }) => `${path}: ${message}`).join('; '));
    models.set(source, model);
    served = merged.catalogue;
    return merged.differences.get(source) ?? [];
  };
  const close = async (): Promise<void> => {
    for (const one of [...upstreams.values(), ...sandboxes.values()]) await one.close();
  };
  try {
    for (const source of documented.sources.values()) {
      if (source.upstream === undefined) continue;
      let url = source.upstream.url;
      if (url === null && options.sandbox !== null) {
        const sandbox = await startSandbox(documented, source.name, options.sandbox);
        sandboxes.set(source.name, sandbox);
        url = sandbox.url;
      }
      if (url === null) continue;
      const connection = { dataDir: options.dataDir, catalogue: () => served };
      upstreams.set(
        source.name,
        await connectUpstream({
          ...connection,
          source: withUrl(source, url),
          adopt: (read) => adopt(source.name, read.model),
        }),
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { upstreams, sandboxed: [...sandboxes.keys()], catalogue: () => served, close };
}

interface Merged {
  readonly catalogue: Catalogue;
  /** By source name, one sentence each. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
}

/** Always from the documents on, so that what an upstream no longer has does not stay. */
function mergeAll(documented: Catalogue, models: ReadonlyMap<string, Model>): Merged {
  let catalogue = documented;
  const differences = new Map<string, readonly string[]>();
  for (const [source, model] of models) {
    const merged = mergeUpstreamModel(catalogue, source, model);
    catalogue = merged.catalogue;
    differences.set(
      source,
      merged.differences.map(({ set, message }) => `${set}: ${message}`),
    );
  }
  return { catalogue, differences };
}

function withUrl(source: Source, url: string): Source {
  return source.upstream === undefined ? source : { ...source, upstream: { ...source.upstream, url } };
}

function unusable(source: string, faults: string): GatewayError {
  return new GatewayError('UpstreamRefused', `The model of the proxied feed ${source} cannot be served: ${faults}`);
}
