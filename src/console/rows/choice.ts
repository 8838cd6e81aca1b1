import { feedOptions, mText } from '../../connect/m-text.ts';
import type { Column, FeedSet } from '../feed/model.ts';
import { type Condition, operators, sayCondition } from './conditions.ts';

/** Which rows and columns of a set somebody looks at. */
export interface RowChoice {
  /** Names; empty: all there are. */
  readonly columns: readonly string[];
  readonly conditions: readonly Condition[];
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
}

export const everyRow: RowChoice = { columns: [], conditions: [], sort: null };

/** As it stands in the address of the page, so that it can be sent to somebody. */
export function choiceText({ columns, conditions, sort }: RowChoice): string {
  const options = new URLSearchParams([
    ...columns.map((name): [string, string] => ['column', name]),
    ...conditions.map(({ column, operator, value }): [string, string] => ['where', `${column} ${operator} ${value}`]),
    ...(sort === null ? [] : [['sort', `${sort.descending ? '-' : ''}${sort.column}`] as [string, string]]),
  ]);
  return options.toString();
}

/** What the set does not have is left out. */
export function readChoice(text: string, { columns }: FeedSet): RowChoice {
  const options = new URLSearchParams(text);
  const known = (name: string): boolean => columns.some((column) => column.name === name);
  const sort = options.get('sort') ?? '';
  return {
    columns: options.getAll('column').filter(known),
    conditions: options.getAll('where').flatMap((one) => {
      const [, column = '', operator, value = ''] = /^(\w+) (\w+) (.*)$/s.exec(one) ?? [];
      const named = operators.find((name) => name === operator);
      return known(column) && named !== undefined ? [{ column, operator: named, value }] : [];
    }),
    sort: known(sort.replace(/^-/, '')) ? { column: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : null,
  };
}

interface Said {
  readonly filter: string;
  readonly m: string;
  /** Conditions whose value is none of their column's type. */
  readonly faulty: readonly Condition[];
}

function conditionsOf({ conditions }: RowChoice, set: FeedSet, zone: string): Said {
  const said = conditions.map((condition) => {
    const column = set.columns.find(({ name }) => name === condition.column);
    return { condition, said: column === undefined ? null : sayCondition(condition, column, zone) };
  });
  const good = said.flatMap((one) => one.said ?? []);
  return {
    filter: good.map(({ odata }) => odata).join(' and '),
    m: good.map(({ m }) => m).join(' and '),
    faulty: said.filter((one) => one.said === null).map(({ condition }) => condition),
  };
}

export const faultyConditions = (choice: RowChoice, set: FeedSet, zone: string): readonly Condition[] =>
  conditionsOf(choice, set, zone).faulty;

/** Columns that are shown, in the order in which the set has them. */
export const chosenColumns = ({ columns }: RowChoice, set: FeedSet): readonly Column[] =>
  columns.length === 0 ? set.columns : set.columns.filter(({ name }) => columns.includes(name));

/** The request for the rows, below the service root. A condition whose value is none of its column's type is left out. */
export function rowsUrl(choice: RowChoice, set: FeedSet, zone: string): string {
  return urlOf(set.name, optionsOf(choice, set, zone));
}

/** The request for their number. */
export function countUrl(choice: RowChoice, set: FeedSet, zone: string): string {
  const { filter } = conditionsOf(choice, set, zone);
  return urlOf(`${set.name}/$count`, filter === '' ? [] : [['$filter', filter]]);
}

/** The request for all of them as CSV, for a spreadsheet: texts that it would run have an apostrophe before them. */
export const csvUrl = (choice: RowChoice, set: FeedSet, zone: string): string =>
  urlOf(set.name, [...optionsOf(choice, set, zone), ['$format', guardedCsv]]);

export const guardedCsv = 'csv;formulas=guarded';

function optionsOf(choice: RowChoice, set: FeedSet, zone: string): [string, string][] {
  const { filter } = conditionsOf(choice, set, zone);
  const { sort } = choice;
  return [
    ...(choice.columns.length === 0
      ? []
      : [
          [
            '$select',
            chosenColumns(choice, set)
              .map(({ name }) => name)
              .join(','),
          ] as [string, string],
        ]),
    ...(filter === '' ? [] : [['$filter', filter] as [string, string]]),
    ...(sort === null ? [] : [['$orderby', `${sort.column}${sort.descending ? ' desc' : ''}`] as [string, string]]),
  ];
}

/** A path and its query options, percent-encoded as far as has to be: people read it. */
export function urlOf(path: string, options: readonly (readonly [string, string])[]): string {
  const query = options.map(([name, value]) => `${name}=${readable(value)}`).join('&');
  return query === '' ? path : `${path}?${query}`;
}

const readable = (text: string): string =>
  encodeURIComponent(text).replace(/%(24|2C|28|29|2F|3A|3B|3D|40|27)/g, (encoded) => decodeURIComponent(encoded));

/** The same rows in Power Query's language: conditions, columns and order are steps that fold into one request. `root`: the service root. */
export function mQuery(
  choice: RowChoice,
  set: FeedSet,
  { root, zone }: { readonly root: string; readonly zone: string },
): string {
  const { m } = conditionsOf(choice, set, zone);
  const steps = [
    ['Source', `OData.Feed(${mText(root)}, null, ${feedOptions})`],
    ['Navigation', `Source{[Name = ${mText(set.name)}, Signature = "table"]}[Data]`],
  ];
  const last = (): string => steps.at(-1)?.[0] ?? '';
  if (m !== '') {
    steps.push(['Rows', `Table.SelectRows(${last()}, each ${m})`]);
  }
  if (choice.sort !== null) {
    const order = choice.sort.descending ? 'Order.Descending' : 'Order.Ascending';
    steps.push(['Sorted', `Table.Sort(${last()}, {{${mText(choice.sort.column)}, ${order}}})`]);
  }
  if (choice.columns.length > 0) {
    const names = chosenColumns(choice, set).map(({ name }) => mText(name));
    steps.push(['Columns', `Table.SelectColumns(${last()}, {${names.join(', ')}})`]);
  }
  return `let\n${steps.map(([name, text]) => `    ${name} = ${text}`).join(',\n')}\nin\n    ${last()}`;
}

/** The rows of a whole request, such as one with `$apply`. */
export const mRequest = (url: string): string =>
  `let\n    Source = OData.Feed(${mText(url)}, null, [Implementation = "2.0", ODataVersion = 4])\nin\n    Source`;
