import type { CodePoints } from '../../plan/pattern/code-points.ts';
import type { Pattern } from '../../plan/pattern/pattern.ts';

/**
 * A pattern as an advanced regular expression of PostgreSQL (documentation 9.7.3) in pure ASCII: sets of characters are
 * written out, so that no locale has a say, and everything but ASCII letters and digits is an escape, so that no
 * character can be taken for syntax, an embedded option or a director. Without options `^` and `$` mean the whole text.
 * `\y` and `\Y` know ASCII words only where the expression has the collation "C".
 */
export function advancedRegularExpression(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'Character':
      return characters(pattern.set);
    case 'Start':
      return '^';
    case 'End':
      return '$';
    case 'Boundary':
      return '\\y';
    case 'NoBoundary':
      return '\\Y';
    case 'Sequence':
      return pattern.items
        .map((item) => (item.kind === 'Choice' ? grouped(item) : advancedRegularExpression(item)))
        .join('');
    case 'Choice':
      return pattern.branches.map(advancedRegularExpression).join('|');
    case 'Repeat':
      return `${repeatable(pattern.item)}${quantifier(pattern.least, pattern.most)}`;
  }
}

const grouped = (pattern: Pattern): string => `(?:${advancedRegularExpression(pattern)})`;

const repeatable = (pattern: Pattern): string =>
  pattern.kind === 'Character' && pattern.set.length > 0 ? characters(pattern.set) : grouped(pattern);

function quantifier(least: number, most: number | null): string {
  if (most === null) {
    return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  }
  if (least === 0 && most === 1) {
    return '?';
  }
  return least === most ? `{${least}}` : `{${least},${most}}`;
}

/** A constraint that never holds stands for the empty set, which brackets cannot express. */
function characters(set: CodePoints): string {
  const [first] = set;
  if (first === undefined) {
    return '(?!)';
  }
  if (set.length === 1 && first[0] === first[1]) {
    return character(first[0]);
  }
  const ranges = set.map(([low, high]) => (low === high ? character(low) : `${character(low)}-${character(high)}`));
  return `[${ranges.join('')}]`;
}

function character(code: number): string {
  const text = String.fromCodePoint(code);
  if (/[A-Za-z0-9]/.test(text)) {
    return text;
  }
  const hex = code.toString(16);
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
