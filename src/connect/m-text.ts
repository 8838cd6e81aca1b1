import type { EntitySet, PrimitiveTypeName, Property } from '../edm/model.ts';

/** A text literal of M (Power Query M language, "Text literals"): `"` is doubled, and `#(` begins an escape. */
export function mText(text: string): string {
  const escaped = text
    .replaceAll('#(', '#(#)(')
    .replaceAll('"', '""')
    .replace(/[\u0000-\u001f\u007f]/g, (one) => `#(${one.charCodeAt(0).toString(16).padStart(4, '0')})`);
  return `"${escaped}"`;
}

const keywords = new Set(
  'and as each else error false if in is let meta not null or otherwise section shared then true try type'.split(' '),
);

/** A name as an identifier of M, quoted where it is none by itself. */
export function mIdentifier(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !keywords.has(name) ? name : `#${mText(name)}`;
}

/** How the feed is opened: the newer reader, nulls left out on the wire (Power Query fills them in). */
export const feedOptions = '[Implementation = "2.0", ODataVersion = 4, OmitValues = ODataOmitValues.Nulls]';

/** One step of a query: `name = expression`. */
export interface MStep {
  readonly name: string;
  readonly expression: string;
}

/** A query that gives a table. */
export interface MQuery {
  readonly steps: readonly MStep[];
  /** The expression, without `shared name =`. Lines end with a line feed. */
  readonly text: string;
}

const queryOf = (steps: readonly MStep[]): MQuery => {
  const lines = steps.map(({ name, expression }) => `    ${mIdentifier(name)} = ${expression}`);
  return { steps, text: `let\n${lines.join(',\n')}\nin\n    ${mIdentifier(steps.at(-1)?.name ?? '')}` };
};

/** `root`: an expression. */
const sourceSteps = (root: string, set: EntitySet): readonly MStep[] => [
  { name: 'Source', expression: `OData.Feed(${root}, null, ${feedOptions})` },
  { name: 'Navigation', expression: `Source{[Name = ${mText(set.name)}, Signature = "table"]}[Data]` },
];

/** The rows of a set as they are, navigation columns too: what Power BI is given. `root`: the service root with its final slash. */
export const setQuery = (root: string, set: EntitySet): MQuery => queryOf(sourceSteps(mText(root), set));

/** A column of a sheet. */
export interface SheetColumn {
  readonly property: Property;
  /** Name in the table, whose columns Excel does not tell apart by case. */
  readonly name: string;
}

export function sheetColumns({ entityType }: EntitySet): readonly SheetColumn[] {
  const taken = new Set<string>();
  return [...entityType.properties.values()].map((property) => {
    let name = property.name;
    for (let number = 2; taken.has(name.toLowerCase()); number++) {
      name = `${property.name}_${number}`;
    }
    taken.add(name.toLowerCase());
    return { property, name };
  });
}

/** What a sheet has no cell for, and what it is made of it. Moments are told in UTC: cells know no offset. */
const conversions: Partial<Record<PrimitiveTypeName, { readonly each: string; readonly type: string }>> = {
  'Edm.DateTimeOffset': { each: 'DateTimeZone.RemoveZone(DateTimeZone.ToUtc(_))', type: 'type nullable datetime' },
  'Edm.Binary': {
    each: 'if _ = null then null else Binary.ToText(_, BinaryEncoding.Base64)',
    type: 'type nullable text',
  },
  'Edm.Duration': { each: 'Duration.TotalSeconds(_)', type: 'type nullable number' },
};
const list = { each: 'Text.FromBinary(Json.FromValue(_))', type: 'type nullable text' };

/** The rows of a set as a sheet can hold them: its own properties alone, each in a form that a cell has. */
export const sheetQuery = (root: string, set: EntitySet): MQuery => flatQuery(mText(root), set, null);

/**
 * The same for a semantic model, whose address is a parameter; and where the rows have a moment, of the period of the
 * parameters RangeStart and RangeEnd alone. The condition stands behind the source, so that the feed is asked for these rows.
 * Rows whose moment is not known (yet) belong to the period that has not ended.
 */
export const modelQuery = (address: string, set: EntitySet, moment: Property | null): MQuery =>
  flatQuery(mIdentifier(address), set, moment);

function flatQuery(root: string, set: EntitySet, moment: Property | null): MQuery {
  const columns = sheetColumns(set);
  const names = columns.map(({ property }) => mText(property.name));
  const converted = columns.flatMap(({ property: { name, type, collection } }) => {
    const conversion = collection ? list : conversions[type];
    return conversion === undefined ? [] : [`{${mText(name)}, each ${conversion.each}, ${conversion.type}}`];
  });
  const renamed = columns.flatMap(({ property, name }) =>
    property.name === name ? [] : [`{${mText(property.name)}, ${mText(name)}}`],
  );
  const steps: MStep[] = [
    ...sourceSteps(root, set),
    ...(moment === null ? [] : [{ name: 'Period', expression: inPeriod(moment) }]),
    {
      name: 'Columns',
      expression: `Table.SelectColumns(${moment === null ? 'Navigation' : 'Period'}, {${names.join(', ')}})`,
    },
  ];
  if (converted.length > 0) {
    steps.push({ name: 'Cells', expression: `Table.TransformColumns(Columns, {${converted.join(', ')}})` });
  }
  if (renamed.length > 0) {
    steps.push({
      name: 'Names',
      expression: `Table.RenameColumns(${steps.at(-1)?.name ?? ''}, {${renamed.join(', ')}})`,
    });
  }
  return queryOf(steps);
}

/** Periods follow each other without a gap: of both ends one is in. */
function inPeriod({ name, nullable }: Property): string {
  const field = `[${mIdentifier(name)}]`;
  const within = `${field} >= DateTimeZone.From(RangeStart) and ${field} < DateTimeZone.From(RangeEnd)`;
  if (!nullable) {
    return `Table.SelectRows(Navigation, each ${within})`;
  }
  // Which condition it is does not depend on rows, so that each of them can be asked of the feed.
  const isOpen = 'DateTimeZone.From(RangeEnd) > DateTimeZone.UtcNow()';
  return `Table.SelectRows(Navigation, if ${isOpen} then each (${within}) or ${field} = null else each ${within})`;
}
