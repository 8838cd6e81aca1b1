import type { EntitySet, Property } from '../../edm/model.ts';
import { guid } from '../guid.ts';
import { modelQuery, mText, sheetColumns } from '../m-text.ts';
import type { Measure } from './measures.ts';
import type { Relationship } from './relationships.ts';
import { type TmdlObject, tmdlName, tmdlText } from './tmdl.ts';

/** What a semantic model is made of. */
export interface SemanticModelOf {
  /** Service root with its final slash: the value of a parameter. */
  readonly root: string;
  readonly sets: readonly EntitySet[];
  readonly measures: readonly Measure[];
  readonly relationships: readonly Relationship[];
  readonly at: Date;
}

/** Moments by which sets of facts are refreshed incrementally, where they have them. */
const periods: ReadonlyMap<string, string> = new Map([
  ['Conversations', 'StartedAt'],
  ['Messages', 'SentAt'],
]);

/** The files of a model in TMDL, by their paths below its folder. */
export function semanticModel(model: SemanticModelOf): ReadonlyMap<string, string> {
  const { sets, at } = model;
  const tables = sets.map((set) => [`definition/tables/${set.name}.tmdl`, tmdlText([table(set, model)])] as const);
  const ranged = sets.some((set) => periodOf(set) !== null);
  const names = ['FeedAddress', ...(ranged ? ['RangeStart', 'RangeEnd'] : [])];
  const year = at.getUTCFullYear();
  const moment = (from: number): string => `#datetime(${from}, 1, 1, 0, 0, 0)`;
  const parameters: readonly TmdlObject[] = [
    parameter('FeedAddress', { value: mText(model.root), type: 'Text' }),
    ...(ranged
      ? [
          parameter('RangeStart', { value: moment(year - 1), type: 'DateTime' }),
          parameter('RangeEnd', { value: moment(year + 1), type: 'DateTime' }),
        ]
      : []),
  ];
  return new Map([
    ['definition.pbism', json({ $schema: pbismSchema, version: '4.2', settings: {} })],
    ['definition/database.tmdl', tmdlText([{ line: 'database', properties: ['compatibilityLevel: 1600'] }])],
    ['definition/model.tmdl', modelFile([...names, ...sets.map(({ name }) => name)], sets)],
    ['definition/expressions.tmdl', tmdlText(parameters)],
    ...(model.relationships.length === 0
      ? []
      : [['definition/relationships.tmdl', tmdlText(model.relationships.map(relationship))] as const]),
    ...tables,
  ]);
}

const pbismSchema =
  'https://developer.microsoft.com/json-schemas/fabric/item/semanticModel/definitionProperties/1.0.0/schema.json';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function modelFile(queries: readonly string[], sets: readonly EntitySet[]): string {
  const root = tmdlText([
    {
      line: 'model Model',
      properties: [
        'culture: en-US',
        'defaultPowerBIDataSourceVersion: powerBI_V3',
        'sourceQueryCulture: en-US',
        'dataAccessOptions\n\tlegacyRedirects\n\treturnErrorValuesAsNull',
      ],
    },
  ]);
  const annotations = [
    'annotation __PBI_TimeIntelligenceEnabled = 0',
    `annotation PBI_QueryOrder = ${JSON.stringify(queries)}`,
  ];
  const refs = sets.map(({ name }) => `ref table ${tmdlName(name)}`);
  return `${root}\n${annotations.join('\n\n')}\n\n${refs.join('\n')}\n`;
}

const parameter = (name: string, { value, type }: { readonly value: string; readonly type: string }): TmdlObject => ({
  line: `expression ${name} = ${value} meta [IsParameterQuery=true, Type="${type}", IsParameterQueryRequired=true]`,
  properties: [`lineageTag: ${guid(`expression ${name}`)}`],
  annotations: [`PBI_ResultType = ${type}`],
});

const relationship = ({ from, to, active }: Relationship): TmdlObject => ({
  line: `relationship ${guid(`relationship ${from.set}.${from.property} ${to.set}.${to.property}`)}`,
  properties: [
    ...(active ? [] : ['isActive: false']),
    `fromColumn: ${tmdlName(from.set)}.${tmdlName(from.property)}`,
    `toColumn: ${tmdlName(to.set)}.${tmdlName(to.property)}`,
  ],
});

/** The moment that rows are told apart by for an incremental refresh; null: there is none. */
function periodOf({ name, entityType }: EntitySet): Property | null {
  const property = entityType.properties.get(periods.get(name) ?? '');
  return property?.type === 'Edm.DateTimeOffset' && !property.collection ? property : null;
}

function table(set: EntitySet, { measures }: SemanticModelOf): TmdlObject {
  const period = periodOf(set);
  const query = modelQuery('FeedAddress', set, period).text;
  const isDates = set.name === 'Dates';
  return {
    description: set.description ?? set.title,
    line: `table ${tmdlName(set.name)}`,
    properties: [...(isDates ? ['dataCategory: Time'] : []), `lineageTag: ${guid(`table ${set.name}`)}`],
    objects: [
      ...(period === null ? [] : [refreshPolicy(query)]),
      ...measures.filter((measure) => measure.set === set.name).map(measureObject),
      ...sheetColumns(set).map(({ property, name }) =>
        column(set, {
          ...{ property, name, isKey: isDates && property.name === 'Date' },
          sortedBy: isDates ? numberOf(set, property) : null,
        }),
      ),
      {
        line: `partition ${tmdlName(set.name)} = m`,
        properties: [`mode: import\nsource =\n${indented(query, 3)}`],
      },
    ],
    annotations: ['PBI_ResultType = Table', 'PBI_NavigationStepName = Navigation'],
  };
}

const indented = (text: string, tabs: number): string =>
  text
    .split('\n')
    .map((line) => `${'\t'.repeat(tabs - 1)}${line}`)
    .join('\n');

/**
 * Two years are kept, the last thirty days of them read again: of conversations that were open, more is known by then. Rows without a moment are read with
 * the day of the refresh; it must be among those that are read again at the next one, or they were there twice.
 */
const refreshPolicy = (query: string): TmdlObject => ({
  line: 'refreshPolicy',
  properties: [
    'policyType: basic',
    'rollingWindowGranularity: year',
    'rollingWindowPeriods: 2',
    'incrementalGranularity: day',
    'incrementalPeriods: 30',
    `sourceExpression =\n${indented(query, 2)}`,
  ],
});

const measureObject = ({ set, name, dax, format, folder, description }: Measure): TmdlObject => ({
  description,
  line: `measure ${tmdlName(name)} = ${dax}`,
  properties: [`formatString: ${format}`, `displayFolder: ${folder}`, `lineageTag: ${guid(`measure ${set} ${name}`)}`],
});

interface ModelColumn {
  readonly property: Property;
  readonly name: string;
  readonly isKey: boolean;
  /** Column whose order its values have; null: their own. */
  readonly sortedBy: string | null;
}

/** Names of months and weekdays stand beside their numbers: in the order of the alphabet April would come first. */
function numberOf({ entityType }: EntitySet, { name }: Property): string | null {
  const number = entityType.properties.get(name.replace(/Name$/, ''));
  return number !== undefined && number.name !== name ? number.name : null;
}

function column(set: EntitySet, { property, name, isKey, sortedBy }: ModelColumn): TmdlObject {
  const { dataType, format } = typeOf(property);
  const isDate = property.type === 'Edm.Date' && !property.collection;
  return {
    description: property.description,
    line: `column ${tmdlName(name)}`,
    properties: [
      `dataType: ${dataType}`,
      ...(isKey ? ['isKey'] : []),
      ...(format === null ? [] : [`formatString: ${format}`]),
      `lineageTag: ${guid(`column ${set.name} ${name}`)}`,
      `summarizeBy: ${dataType === 'double' ? 'sum' : 'none'}`,
      `sourceColumn: ${name}`,
      ...(sortedBy === null ? [] : [`sortByColumn: ${sortedBy}`]),
    ],
    annotations: ['SummarizationSetBy = Automatic', ...(isDate ? ['UnderlyingDateTimeDataType = Date'] : [])],
  };
}

/** As `sheetQuery` makes it. Numbers with a fraction are doubles: the fixed decimal of models has four digits behind its point. */
function typeOf({ type, collection }: Property): { readonly dataType: string; readonly format: string | null } {
  if (collection) {
    return { dataType: 'string', format: null };
  }
  switch (type) {
    case 'Edm.Boolean':
      return { dataType: 'boolean', format: '"""TRUE"";""TRUE"";""FALSE"""' };
    case 'Edm.Byte':
    case 'Edm.Int16':
    case 'Edm.Int32':
    case 'Edm.Int64':
    case 'Edm.SByte':
      return { dataType: 'int64', format: '0' };
    case 'Edm.Decimal':
    case 'Edm.Double':
    case 'Edm.Duration':
    case 'Edm.Single':
      return { dataType: 'double', format: null };
    case 'Edm.Date':
      return { dataType: 'dateTime', format: 'Short Date' };
    case 'Edm.DateTimeOffset':
      return { dataType: 'dateTime', format: 'General Date' };
    case 'Edm.TimeOfDay':
      return { dataType: 'dateTime', format: 'Long Time' };
    case 'Edm.Binary':
    case 'Edm.Guid':
    case 'Edm.String':
      return { dataType: 'string', format: null };
  }
}
