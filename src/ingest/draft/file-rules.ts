/** A rule that recognises files by name, with a name that it takes. */
export interface DraftRule {
  readonly name: string;
  readonly example: string;
}

/** What changes from file to file: days, stamps, ids, numbers of parts. */
export const moving = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d{4}-\d\d-\d\d|\d+/gi;

/** One rule for all names that differ in numbers alone. */
export function fileRules(names: readonly string[]): readonly DraftRule[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const skeleton = name.replace(moving, (part) => `\0${kindOf(part)}`).toLowerCase();
    groups.set(skeleton, [...(groups.get(skeleton) ?? []), name]);
  }
  return [...groups.values()].map((group) => ({ name: `^${patternOf(group)}$`, example: group[0] ?? '' }));
}

const kindOf = (part: string): string => (part.length === 36 ? 'id' : part.includes('-') ? 'day' : 'number');

function patternOf(names: readonly string[]): string {
  const parts = names.map((name) => [...name.matchAll(moving)].map(([part]) => part));
  const between = (names[0] ?? '').split(moving).map(escaped);
  return between
    .map((text, place) =>
      place === between.length - 1 ? text : text + movingPattern(parts.map((one) => one[place] ?? '')),
    )
    .join('');
}

function movingPattern(parts: readonly string[]): string {
  const [first = ''] = parts;
  if (kindOf(first) === 'id') {
    return '[0-9a-f-]{36}';
  }
  if (kindOf(first) === 'day') {
    return '\\d{4}-\\d\\d-\\d\\d';
  }
  // A short number that never changes is a part of the name: `v2`, `export1`.
  if (first.length < 4 && parts.every((part) => part === first) && parts.length > 1) {
    return first;
  }
  return parts.every((part) => part.length === first.length) && first.length >= 4 ? `\\d{${first.length}}` : '\\d+';
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
