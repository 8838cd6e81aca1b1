import type { EntitySet } from '../../edm/model.ts';
import { daxColumn } from './tmdl.ts';

/** A measure of the semantic model, on the table of a set. */
export interface Measure {
  readonly set: string;
  readonly name: string;
  readonly dax: string;
  readonly format: string;
  readonly folder: string;
  readonly description: string;
}

interface Declared extends Omit<Measure, 'dax'> {
  /** Properties without which there is no such measure. */
  readonly of: readonly string[];
  dax(column: (name: string) => string): string;
}

const average = (name: string, of: string, description: string): Declared => ({
  set: 'Conversations',
  name,
  of: [of],
  dax: (column) => `AVERAGE(${column(of)}) / 60`,
  format: '#,0.0',
  folder: 'Times',
  description,
});

/** Measures as contact centres define them. In DAX a blank is less than any number: it is left out by name. */
const declared: readonly Declared[] = [
  average('First response (minutes)', 'FirstResponseSeconds', 'Mean time to the first answer of a person.'),
  average('Handle time (minutes)', 'HandleSeconds', 'Mean time that agents worked on a conversation.'),
  average('Wait (minutes)', 'WaitSeconds', 'Mean time in queues.'),
  average('Resolution (minutes)', 'ResolutionSeconds', 'Mean time from the begin of a conversation to its resolution.'),
  {
    set: 'Conversations',
    name: 'Answered within an hour',
    of: ['FirstResponseSeconds'],
    dax: (column) => {
      const first = column('FirstResponseSeconds');
      return `DIVIDE(CALCULATE(COUNTROWS('Conversations'), ${first} <= 3600, NOT ISBLANK(${first})), COUNT(${first}))`;
    },
    format: '0.0%',
    folder: 'Service level',
    description: 'Share of the answered conversations whose first answer came within an hour.',
  },
  {
    set: 'Conversations',
    name: 'CSAT',
    of: ['CsatScore'],
    dax: (column) => `AVERAGE(${column('CsatScore')})`,
    format: '0.00',
    folder: 'Satisfaction',
    description: 'Mean rating of the customers who gave one.',
  },
  {
    set: 'Conversations',
    name: 'Satisfied customers',
    of: ['CsatScore'],
    dax: (column) =>
      `DIVIDE(CALCULATE(COUNTROWS('Conversations'), ${column('CsatScore')} >= 4), COUNT(${column('CsatScore')}))`,
    format: '0.0%',
    folder: 'Satisfaction',
    description: 'Share of the ratings that are 4 or 5.',
  },
  {
    set: 'Conversations',
    name: 'Abandoned share',
    of: ['Abandoned'],
    dax: (column) =>
      `DIVIDE(CALCULATE(COUNTROWS('Conversations'), ${column('Abandoned')} = TRUE()), CALCULATE(COUNTROWS('Conversations'), NOT ISBLANK(${column('Abandoned')})))`,
    format: '0.0%',
    folder: 'Service level',
    description: 'Share of the conversations that the customer left before anybody answered, where the source says it.',
  },
  {
    set: 'TeamDays',
    name: 'Service level',
    of: ['WithinServiceLevel', 'ServiceLevelOffered'],
    dax: (column) => {
      const [within, offered] = [column('WithinServiceLevel'), column('ServiceLevelOffered')];
      return `CALCULATE(DIVIDE(SUM(${within}), SUM(${offered})), NOT ISBLANK(${within}), NOT ISBLANK(${offered}))`;
    },
    format: '0.0%',
    folder: 'Service level',
    description: 'Share of what was offered that was within the service level of its source.',
  },
  {
    set: 'AgentDays',
    name: 'Occupancy',
    of: ['HandleSeconds', 'AvailableSeconds'],
    dax: (column) => {
      const [handled, available] = [column('HandleSeconds'), column('AvailableSeconds')];
      return `CALCULATE(DIVIDE(SUM(${handled}), SUM(${handled}) + SUM(${available})), NOT ISBLANK(${handled}), NOT ISBLANK(${available}))`;
    },
    format: '0.0%',
    folder: 'Agents',
    description: 'Handle time as a share of handle time and the time that agents were ready without work.',
  },
];

/** How many rows each set has, and what else its properties allow. No measure has the name of a column. */
export function measuresOf(sets: readonly EntitySet[]): readonly Measure[] {
  return sets.flatMap((set) => {
    const { properties } = set.entityType;
    const rows: Measure = {
      set: set.name,
      name: `${set.name} count`,
      dax: `COUNTROWS('${set.name}')`,
      format: '#,0',
      folder: 'Rows',
      description: `Number of rows of ${set.title ?? set.name}.`,
    };
    const others = declared
      .filter(({ set: own, of }) => own === set.name && of.every((name) => properties.has(name)))
      .map(({ of: _, ...measure }) => ({ ...measure, dax: measure.dax((name) => daxColumn(set.name, name)) }));
    return [rows, ...others].filter(({ name }) => !properties.has(name));
  });
}
