import type { Model } from '../../edm/model.ts';

/** That there is no such set: why it is not served, where that is known, else the names nearest to it. */
export function noEntitySet(
  name: string,
  { model, withheld }: { readonly model: Model; readonly withheld?: ReadonlyMap<string, string> },
): string {
  const why = withheld?.get(name);
  return why ?? `there is no entity set '${name}'.${perhaps(name, model.entitySets.keys())}`;
}

/**
 * The names nearest to an unknown one, for the hint of an error message: same letters in another case first, then few
 * edits (a third of the length, at least one). At most three. Empty text where nothing is near.
 */
export function perhaps(unknown: string, names: Iterable<string>): string {
  const wanted = unknown.toLowerCase();
  const allowed = Math.max(1, Math.floor(unknown.length / 3));
  const near: { name: string; distance: number }[] = [];
  for (const name of names) {
    if (Math.abs(name.length - unknown.length) > allowed) {
      continue;
    }
    const distance = editDistance(wanted, name.toLowerCase());
    if (distance <= allowed) {
      near.push({ name, distance });
    }
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  const shown = near.slice(0, 3).map((candidate) => `'${candidate.name}'`);
  return shown.length === 0 ? '' : ` Perhaps you meant ${shown.join(' or ')}.`;
}

/** Longer names are never compared: an error message is not worth quadratic work on hostile input. */
const longestCompared = 128;

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  if (a.length > longestCompared || b.length > longestCompared) {
    return a === b ? 0 : longestCompared;
  }
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const distance = Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      current.push(swapped ? Math.min(distance, (before[j - 2] ?? 0) + 1) : distance);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
