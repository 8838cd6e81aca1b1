import type { EntitySet } from '../../edm/model.ts';
import type { Measure } from './measures.ts';

/** A column or a measure that a visual shows. */
export type Field =
  | { readonly kind: 'Column'; readonly set: string; readonly name: string }
  | { readonly kind: 'Measure'; readonly set: string; readonly name: string };

export type VisualType = 'card' | 'lineChart' | 'clusteredColumnChart' | 'clusteredBarChart' | 'tableEx' | 'slicer';

export interface Visual {
  readonly type: VisualType;
  /** Fields by the visual's roles. */
  readonly roles: Readonly<Record<string, readonly Field[]>>;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Page {
  readonly title: string;
  readonly visuals: readonly Visual[];
}

export const pageSize = { width: 1280, height: 720 } as const;

/** `Set[Property]` is a column, else it is the name of a measure. */
type FieldName = string;

interface DeclaredVisual {
  readonly type: VisualType;
  readonly roles: Readonly<Record<string, readonly FieldName[]>>;
  /** In columns of a grid of twelve, and in rows of one of six. */
  readonly at: readonly [column: number, row: number, columns: number, rows: number];
}

const card = (measure: string, column: number): DeclaredVisual => ({
  type: 'card',
  roles: { Values: [measure] },
  at: [column, 0, 3, 1],
});

const declared: readonly { readonly title: string; readonly visuals: readonly DeclaredVisual[] }[] = [
  {
    title: 'Overview',
    visuals: [
      card('Conversations count', 0),
      card('First response (minutes)', 3),
      card('Answered within an hour', 6),
      card('CSAT', 9),
      { type: 'lineChart', roles: { Category: ['Dates[Date]'], Y: ['Conversations count'] }, at: [0, 1, 8, 3] },
      {
        type: 'clusteredBarChart',
        roles: { Category: ['Conversations[Channel]'], Y: ['Conversations count'] },
        at: [8, 1, 4, 3],
      },
      {
        type: 'clusteredColumnChart',
        roles: { Category: ['Conversations[LocalHour]'], Y: ['Conversations count'] },
        at: [0, 4, 8, 2],
      },
      {
        type: 'clusteredBarChart',
        roles: { Category: ['Conversations[Source]'], Y: ['Conversations count'] },
        at: [8, 4, 4, 2],
      },
    ],
  },
  {
    title: 'Channels',
    visuals: [
      { type: 'slicer', roles: { Values: ['Dates[YearMonth]'] }, at: [0, 0, 12, 1] },
      {
        type: 'lineChart',
        roles: { Category: ['Dates[Date]'], Y: ['Conversations count'], Series: ['Conversations[Channel]'] },
        at: [0, 1, 12, 2],
      },
      {
        type: 'tableEx',
        roles: {
          Values: [
            ...['Conversations[Channel]', 'Conversations count', 'First response (minutes)', 'Handle time (minutes)'],
            ...['Answered within an hour', 'CSAT', 'Abandoned share'],
          ],
        },
        at: [0, 3, 12, 3],
      },
    ],
  },
  {
    title: 'Agents',
    visuals: [
      { type: 'slicer', roles: { Values: ['Dates[YearMonth]'] }, at: [0, 0, 12, 1] },
      {
        type: 'tableEx',
        roles: {
          Values: [
            ...['Agents[Name]', 'Conversations count', 'First response (minutes)', 'Handle time (minutes)'],
            ...['CSAT', 'Occupancy'],
          ],
        },
        at: [0, 1, 12, 5],
      },
    ],
  },
  {
    title: 'Service level',
    visuals: [
      card('Service level', 0),
      card('Answered within an hour', 3),
      card('Wait (minutes)', 6),
      card('Abandoned share', 9),
      { type: 'lineChart', roles: { Category: ['Dates[Date]'], Y: ['Service level'] }, at: [0, 1, 6, 3] },
      { type: 'clusteredBarChart', roles: { Category: ['Teams[Name]'], Y: ['Service level'] }, at: [6, 1, 6, 3] },
      {
        type: 'clusteredColumnChart',
        roles: { Category: ['Conversations[LocalHour]'], Y: ['First response (minutes)'] },
        at: [0, 4, 12, 2],
      },
    ],
  },
];

/**
 * The pages that the model has the fields for. A visual keeps what it can show, and is left out where a role that it
 * needs is empty, or nothing but columns is left of a table; without any there is one page that counts rows.
 */
export function pagesOf(sets: readonly EntitySet[], measures: readonly Measure[]): readonly Page[] {
  const fieldOf = (text: FieldName): Field | null => {
    const [, set = '', name = ''] = /^(\w+)\[(\w+)\]$/.exec(text) ?? [];
    if (set !== '') {
      const there = sets.some((one) => one.name === set && one.entityType.properties.has(name));
      return there ? { kind: 'Column', set, name } : null;
    }
    const measure = measures.find((one) => one.name === text);
    return measure === undefined ? null : { kind: 'Measure', set: measure.set, name: text };
  };
  const pages = declared.map(({ title, visuals }) => ({
    title,
    visuals: visuals.flatMap(({ type, roles, at }) => {
      const found = Object.entries(roles).map(
        ([role, names]) => [role, names.flatMap((name) => fieldOf(name) ?? [])] as const,
      );
      const filled = Object.fromEntries(found.filter(([, fields]) => fields.length > 0));
      return isWhole(type, filled) ? [{ type, roles: filled, ...placed(at) }] : [];
    }),
  }));
  const told = pages.filter(({ visuals }) => visuals.some(({ type }) => type !== 'slicer'));
  return told.length > 0 ? told : [rowCounts(measures)];
}

function isWhole(type: VisualType, { Category, Y, Values }: Visual['roles']): boolean {
  if (type === 'tableEx') {
    const kinds = new Set(Values?.map(({ kind }) => kind));
    return kinds.size === 2;
  }
  return type === 'card' || type === 'slicer' ? Values !== undefined : Category !== undefined && Y !== undefined;
}

const gap = 16;

function placed([column, row, columns, rows]: DeclaredVisual['at']): Pick<Visual, 'x' | 'y' | 'width' | 'height'> {
  const [unit, tall] = [(pageSize.width - gap) / 12, (pageSize.height - gap) / 6];
  return {
    x: Math.round(gap + column * unit),
    y: Math.round(gap + row * tall),
    width: Math.round(columns * unit - gap),
    height: Math.round(rows * tall - gap),
  };
}

function rowCounts(measures: readonly Measure[]): Page {
  const counts = measures.filter(({ name }) => name.endsWith(' count')).slice(0, 24);
  return {
    title: 'Rows',
    visuals: counts.map(({ set, name }, index) => ({
      type: 'card',
      roles: { Values: [{ kind: 'Measure', set, name }] },
      ...placed([(index % 4) * 3, Math.floor(index / 4), 3, 1]),
    })),
  };
}
