import type { Model } from '../../edm/model.ts';
import { optionName } from '../paging/next-link.ts';
import { namesOf } from './model-names.ts';

/** One segment between slashes; in quotes a bracket and a slash are text. */
interface Segment {
  /** Before the first bracket. */
  readonly name: string;
  /** From the first bracket on. */
  readonly rest: string;
}

const mark = '?';

/** Names of `$crossjoin`, which are no values. */
const setNames = /^\([\w,.]*\)$/;

/**
 * A path for the log: names alone. Keys, conditions in a path and whatever else is no name of the model, such as a key that is a
 * segment, are a mark there. The first segment is shown if it looks like a name: a name that does not exist is worth
 * knowing. `path` is below the feed root, or outside of it with a slash before it, percent-encoded. Never throws, whatever `path` is.
 */
export function loggedPath(path: string, model: Model): string {
  const known = namesOf(model);
  const first = path.startsWith('/') ? 1 : 0;
  const isShown = ({ name }: Segment, index: number): boolean =>
    name === '' ||
    known.has(name) ||
    /^\$[a-z]+$/.test(name) ||
    name.startsWith(`${model.namespace}.`) ||
    (index === first && /^[A-Za-z_][\w.-]*$/.test(name));
  return segmentsOf(path)
    .map((segment, index) => `${isShown(segment, index) ? segment.name : mark}${brackets(segment)}`)
    .join('/');
}

/** The name of one pair of a query, for the log. Whatever is no name is a mark: where its `=` is missing or encoded, the value stands in it. */
export function loggedOption(pair: string): string {
  const name = optionName(pair);
  return /^[$@]?[A-Za-z_][\w.-]*$/.test(name) || name === '' ? name : mark;
}

function brackets({ name, rest }: Segment): string {
  return rest === '' || rest === '()' || (name === '$crossjoin' && setNames.test(rest)) ? rest : `(${mark})`;
}

const tokens = /'|%27|\(|%28|\)|%29|\//gi;

function segmentsOf(path: string): readonly Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  let bracket = -1;
  let depth = 0;
  let quoted = false;
  const end = (at: number): void => {
    const nameEnd = bracket < 0 ? at : bracket;
    segments.push({ name: path.slice(start, nameEnd), rest: path.slice(nameEnd, at) });
    start = at + 1;
    bracket = -1;
    depth = 0;
  };
  for (const { 0: token, index } of path.matchAll(tokens)) {
    if (token === "'" || token === '%27') {
      quoted = !quoted;
    } else if (!quoted && token === '/' && depth === 0) {
      end(index);
    } else if (!quoted && token !== '/') {
      const opens = token === '(' || token === '%28';
      bracket = opens && bracket < 0 ? index : bracket;
      depth = Math.max(0, depth + (opens ? 1 : -1));
    }
  }
  end(path.length);
  return segments;
}
