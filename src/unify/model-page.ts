import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import {
  type AggregateFormula,
  type Contribution,
  type Formula,
  isAggregate,
  type UnifiedRule,
} from '../catalogue/unified.ts';

/** What a source makes a column of, or why it says nothing; null: nobody said. */
interface Said {
  readonly set: string;
  readonly text: string | null;
}

/** Columns of unified sets for which a source that has rows there says neither what they are nor why not, as `Set.Column source`. */
export function unsaidColumns(catalogue: Catalogue): readonly string[] {
  return unifiedSets(catalogue).flatMap((set) =>
    [...set.columns.keys()].flatMap((column) => {
      const said = saidOf(set, column);
      // One contribution may say what another one of the same rows does not.
      const told = new Set(said.filter(({ text }) => text !== null).map((one) => one.set));
      return [...new Set(said.map((one) => one.set))]
        .filter((one) => !told.has(one))
        .map((one) => `${set.name}.${column} ${one}`);
    }),
  );
}

/** A unified set, column by column. Texts in backquotes are OData expressions. */
export interface ModelSection {
  readonly set: string;
  readonly description: string;
  /** Sets whose rows become rows of it. */
  readonly from: readonly string[];
  /** `said`: for each of `from`, what the column is made of, or why it is null. */
  readonly columns: readonly { readonly name: string; readonly said: readonly string[] }[];
  /** What is gathered from rows of other sets. */
  readonly gathered: readonly { readonly set: string; readonly text: string }[];
}

/** The unified sets, in the order of the catalogue. */
export function modelSections(catalogue: Catalogue): readonly ModelSection[] {
  return unifiedSets(catalogue).map((set) => {
    const contributions = set.derivation?.kind === 'unified' ? set.derivation.from : [];
    return {
      set: set.name,
      description: catalogue.model.entitySets.get(set.name)?.description ?? '',
      from: contributions.map(({ set: from }) => from),
      columns: [...set.columns.keys()].map((name) => ({
        name,
        said: saidOf(set, name).map(({ text }) => text ?? ''),
      })),
      gathered: contributions.flatMap((one) => gatheredTexts(catalogue, one).map((text) => ({ set: one.set, text }))),
    };
  });
}

/** The page of the model, in Markdown: every column of every unified set, and what each source makes it of. */
export function modelPage(catalogue: Catalogue): string {
  return `${[
    '# The sets over all sources',
    '',
    'Made from `metadata/` by `npx tsx scripts/write-model-page.ts`; a test holds it to that. Texts in `code` are OData expressions over the set',
    'that stands in the head of their column (docs/metadata.md, "Unified sets"). A source without a column has no rows in the set.',
    '',
    ...modelSections(catalogue).map(sectionText),
  ].join('\n')}`;
}

function unifiedSets(catalogue: Catalogue): readonly StoredSet[] {
  return [...catalogue.sets.values()].filter(
    (set): set is StoredSet => set.kind === 'stored' && set.derivation?.kind === 'unified',
  );
}

function sectionText({ set, description, from, columns, gathered }: ModelSection): string {
  const heads = ['column', ...from];
  const rows = columns.map(({ name, said }) => [`\`${name}\``, ...said.map((text) => text.replaceAll('|', '\\|'))]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${set}`,
    '',
    description,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    ...(gathered.length === 0 ? [] : ['', ...gathered.map((one) => `- ${one.set}: ${one.text}`)]),
    '',
  ].join('\n');
}

/** Of each contribution, in their order. */
function saidOf(set: StoredSet, column: string): readonly Said[] {
  if (set.derivation?.kind !== 'unified') {
    return [];
  }
  const { from, rules } = set.derivation;
  // A property that leads to the row of another source is empty here by itself.
  const foreign = from.some((one) => one.origin.has(column)) ? '' : null;
  return from.map((one) => ({ set: one.set, text: textOf(one, column, rules.get(column)) ?? foreign }));
}

function textOf(one: Contribution, column: string, rule: UnifiedRule | undefined): string | null {
  switch (rule?.kind) {
    case 'running':
      return one.columns.has(rule.plus) || one.columns.has(rule.minus)
        ? `sum of \`${rule.plus}\` less sum of \`${rule.minus}\`, of all days up to this one`
        : '';
    case 'stated':
      return `by \`${rule.of}\`: ${[...rule.numbers].map(([value, number]) => `${value} ${number}`).join(', ')}`;
    case 'key':
      if (one.keyed !== null) {
        return `${one.id.join(', ')}, the first of which begins with the source`;
      }
      return `\`${one.source}:${one.idPrefix}\` and ${one.id.join(', ')}`;
    case 'source':
      if (one.keyed !== null) {
        return `what ${one.id[0] ?? ''} begins with, else \`${one.keyed.source}\``;
      }
      return `\`${one.source}\``;
    case 'match':
      return 'the smallest key of the rows that are one';
    case 'id':
      return one.id.join(', ');
    case 'local':
      return `${rule.part} of ${rule.of}`;
    default:
  }
  const origin = one.origin.get(column);
  if (origin !== undefined) {
    return origin;
  }
  const formula = one.columns.get(column);
  if (formula === undefined) {
    return one.absent.get(column) ?? null;
  }
  const text = isAggregate(formula) ? aggregateText(formula) : code(formula);
  return rule?.kind === 'reference' && one.keyed === null ? `key of ${text}` : text;
}

const code = ({ text }: Formula): string => `\`${text.replaceAll(/\s+/g, ' ')}\``;

function aggregateText({ method, of, by, where }: AggregateFormula): string {
  const rest = [by === null ? '' : ` by ${code(by)}`, where === null ? '' : ` where ${code(where)}`].join('');
  return `${method}${of === null ? '' : ` of ${code(of)}`}${rest}`;
}

function gatheredTexts(catalogue: Catalogue, one: Contribution): readonly string[] {
  // The set is stored where a catalogue has it in its archive.
  const binding = catalogue.sets.get(one.set);
  const proxied = binding === undefined || binding.kind === 'upstream' || binding.role === 'copy';
  const archived = proxied
    ? ['Rows of its archive. Without one there are none, which the description of the set says then']
    : [];
  return [...archived, ...timeLines(one), ...sourceLines(one), ...gatherLines(one)];
}

function timeLines(one: Contribution): readonly string[] {
  return [...one.times].map(([name, time]) => {
    const head = `\`${name}\` is the`;
    if (time.kind === 'local') {
      const part = {
        date: 'local day',
        hour: 'local hour',
        quarter: 'begin of the quarter of an hour',
        time: 'local time of that',
      };
      return `${head} ${part[time.part]} of ${time.of}`;
    }
    const { from, to, lasts, whole } = time.span;
    const until = to === null ? `for ${lasts ?? ''} seconds` : `to ${to}`;
    const which = whole ? 'rows of exactly one local day alone make one' : 'cut at local midnight';
    return `${head} ${time.kind === 'day' ? 'local day' : 'seconds in that day'} of the span from ${from} ${until}; ${which}`;
  });
}

function sourceLines({ keyed, columns }: Contribution): readonly string[] {
  return keyed === null
    ? []
    : [
        `For ${[...columns.keys()].slice(-1).join('')} and what stands with it: rows of ${[...keyed.spaces.keys()].sort().join(', ')}`,
      ];
}

function gatherLines(one: Contribution): readonly string[] {
  return one.gather.flatMap(({ set, values }) =>
    [...values].map(([name, formula]) => `\`${name}\` is the ${aggregateText(formula)}, of ${set}`),
  );
}
