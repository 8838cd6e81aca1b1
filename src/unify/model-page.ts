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
    [...set.columns.keys()].flatMap((column) =>
      saidOf(set, column)
        .filter(({ text }) => text === null)
        .map((said) => `${set.name}.${column} ${said.set}`),
    ),
  );
}

/** The page of the model, in Markdown: every column of every unified set, and what each source makes it of. */
export function modelPage(catalogue: Catalogue): string {
  const sections = unifiedSets(catalogue).map((set) => section(catalogue, set));
  return `${[
    '# The sets over all sources',
    '',
    'Made from `metadata/` by `npx tsx scripts/write-model-page.ts`; a test holds it to that. Texts in `code` are OData expressions over the set',
    'that stands in the head of their column (docs/metadata.md, "Unified sets"). A source without a column has no rows in the set.',
    '',
    ...sections,
  ].join('\n')}`;
}

function unifiedSets(catalogue: Catalogue): readonly StoredSet[] {
  return [...catalogue.sets.values()].filter(
    (set): set is StoredSet => set.kind === 'stored' && set.derivation?.kind === 'unified',
  );
}

function section(catalogue: Catalogue, set: StoredSet): string {
  const entity = catalogue.model.entitySets.get(set.name);
  const contributions = set.derivation?.kind === 'unified' ? set.derivation.from : [];
  const heads = ['column', ...contributions.map(({ set: from }) => from)];
  const rows = [...set.columns.keys()].map((column) => [
    `\`${column}\``,
    ...saidOf(set, column).map(({ text }) => (text ?? '').replaceAll('|', '\\|')),
  ]);
  const gathered = contributions.flatMap((one) => gatheredLines(one));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${set.name}`,
    '',
    entity?.description ?? '',
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    ...(gathered.length === 0 ? [] : ['', ...gathered]),
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
    case 'key':
      return `\`${one.source}:${one.idPrefix}\` and ${one.id.join(', ')}`;
    case 'source':
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
  return rule?.kind === 'reference' ? `key of ${text}` : text;
}

const code = ({ text }: Formula): string => `\`${text.replaceAll(/\s+/g, ' ')}\``;

function aggregateText({ method, of, by, where }: AggregateFormula): string {
  const rest = [by === null ? '' : ` by ${code(by)}`, where === null ? '' : ` where ${code(where)}`].join('');
  return `${method}${of === null ? '' : ` of ${code(of)}`}${rest}`;
}

function gatheredLines(one: Contribution): readonly string[] {
  return one.gather.flatMap(({ set, values }) =>
    [...values].map(([name, formula]) => `- ${one.set}: \`${name}\` is the ${aggregateText(formula)}, of ${set}`),
  );
}
