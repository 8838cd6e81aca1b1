import type { Catalogue, Source } from '../../catalogue/catalogue.ts';
import { wholeSets } from '../../plan/grants.ts';
import { visible } from '../../plan/visible.ts';

/**
 * The catalogue without the sets of these sources, which have no address: nothing names them, nothing leads there, and whoever asks
 * for one is told what to set. The same catalogue where there are none.
 */
export function withoutAddress(catalogue: Catalogue, sources: readonly Source[]): Catalogue {
  if (sources.length === 0) {
    return catalogue;
  }
  const bySource = new Map(sources.map((source) => [source.name, source]));
  const withheld = new Map<string, string>();
  for (const set of catalogue.sets.values()) {
    const source = bySource.get(set.source);
    // What its rows mean is worth nothing without them; rows of its that are stored here stay.
    if (source !== undefined && (set.kind === 'upstream' || set.role === 'codeList')) {
      withheld.set(set.name, whyWithheld(set.name, source));
    }
  }
  const sets = new Map([...catalogue.sets].filter(([name]) => !withheld.has(name)));
  return { ...catalogue, sets, withheld, model: visible(catalogue.model, wholeSets(sets.keys())) };
}

/** What gives the address of a proxied source. */
export const addressSetting = ({ upstream }: Source): string => upstream?.urlVariable ?? 'its url in the metadata';

const whyWithheld = (name: string, source: Source): string =>
  `'${name}' is a set of ${source.title}, which has no address yet: set ${addressSetting(source)} to the root of its feed and start again.`;
