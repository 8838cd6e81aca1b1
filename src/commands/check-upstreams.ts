import type { Catalogue, Source } from '../catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../catalogue/compile/merge-upstream-model.ts';
import { checkModel } from '../edm/check-model.ts';
import { fetchMetadata } from '../upstream/fetch-metadata.ts';
import { upstreamClient } from '../upstream/upstream-client.ts';

/** What `gateway check` has to say of one proxied source. */
export interface UpstreamFindings {
  readonly lines: readonly string[];
  /** Faults for which the feed's model would not be served. */
  readonly faults: number;
}

/**
 * Asks a proxied feed for its `$metadata` now and tells, set by set, what is served as what, and every difference from the
 * documents. A feed that cannot be reached is told, and is no fault: `serve` starts without it too. Keeps nothing.
 */
export async function checkUpstream(catalogue: Catalogue, source: Source): Promise<UpstreamFindings> {
  const { upstream } = source;
  if (upstream === undefined) {
    return { lines: [], faults: 0 };
  }
  if (upstream.url === null) {
    const variable = upstream.urlVariable === null ? '' : ` (${upstream.urlVariable})`;
    return { lines: [`${source.title}: no URL is set${variable}`], faults: 0 };
  }
  const client = upstreamClient(source.name, upstream);
  try {
    const { read } = await fetchMetadata(source.name, client);
    const merged = mergeUpstreamModel(catalogue, source.name, read.model);
    const mapping = [...merged.catalogue.sets.values()].flatMap((set) =>
      set.kind === 'upstream' && set.source === source.name ? [`  ${set.name} is ${set.upstreamName ?? '?'}`] : [],
    );
    const differences = merged.differences.map(({ set, message }) => `  ${set}: ${message}`);
    const dropped = read.dropped.map(({ path, reason }) => `  ${path} is not served: ${reason}.`);
    const faults = checkModel(merged.catalogue.model).map(({ path, message }) => `  fault: ${path} ${message}`);
    const count = differences.length + dropped.length;
    const head = `${source.title}: ${mapping.length} sets at ${client.root.href}, ${count} differences from the documents`;
    return { lines: [head, ...mapping, ...differences, ...dropped, ...faults], faults: faults.length };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { lines: [`${source.title}: ${reason} The documented model is served until it answers.`], faults: 0 };
  } finally {
    client.close();
  }
}
