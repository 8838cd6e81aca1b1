import { GatewayError } from '../errors.ts';
import { isPresence } from '../plan/model/presence-path.ts';
import type {
  AllPlan,
  CollectionPlan,
  CrossjoinPlan,
  PropertyPlan,
  ReadPlan,
  Selection,
} from '../plan/model/read-plan.ts';

/**
 * One column: the names of the JSON members that lead to its value, e.g. `["Case","QueueId"]` of a grouped property. What is
 * no property has the name of its control information, `@odata.id`.
 */
export type CsvColumn = readonly string[];

const type: CsvColumn = ['@odata.type'];
const id: CsvColumn = ['@odata.id'];

/** Plans that give a collection: of rows, or of the values of a property. */
export type CollectionOfAny = CollectionPlan | CrossjoinPlan | AllPlan | PropertyPlan;

export function givesCollection(plan: ReadPlan): plan is CollectionOfAny {
  switch (plan.kind) {
    case 'Collection':
      return true;
    case 'PropertyRead':
      return plan.property.collection && !plan.raw;
    case 'Crossjoin':
    case 'All':
      return !plan.countOnly;
    default:
      return false;
  }
}

/**
 * The columns of a collection, in the order in which JSON has their values.
 * Throws GatewayError BadRequest where rows hold other rows, or tell of rows that left.
 */
export function csvColumns(plan: CollectionOfAny): readonly CsvColumn[] {
  switch (plan.kind) {
    case 'Collection':
      return ofCollection(plan);
    case 'PropertyRead':
      return [[plan.property.name]];
    case 'Crossjoin':
      return ofCrossjoin(plan);
    case 'All':
      return ofAll(plan);
  }
}

/** What a file of the collection is called. */
export function csvFileName(plan: CollectionOfAny): string {
  switch (plan.kind) {
    case 'Collection':
      return `${plan.selection.set.name}.csv`;
    case 'PropertyRead':
      return `${plan.property.name}.csv`;
    case 'Crossjoin':
      return 'crossjoin.csv';
    case 'All':
      return 'all.csv';
  }
}

function ofCollection(plan: CollectionPlan): readonly CsvColumn[] {
  const { selection, apply, references, since } = plan;
  if (since !== null) {
    throw refused('$deltatoken', 'rows that left have no form in it');
  }
  if (references) {
    return [id];
  }
  if (apply === null) {
    return ofSelection(selection);
  }
  refuseExpand(selection);
  const outputs = apply.output.map(({ path }) => path).filter((path) => !isPresence(path));
  const entities = (apply.entities ?? []).flatMap(({ path, form, selection: own }) =>
    (form === 'ref' ? [id] : ofSelection(own)).map((column) => [...path, ...column]),
  );
  return inOrderOfObjects([...outputs, ...entities], 0);
}

/** A JSON object stands where its first member is named: so do its columns. */
function inOrderOfObjects(columns: readonly CsvColumn[], depth: number): readonly CsvColumn[] {
  const heads = new Set(columns.map((column) => column[depth]));
  return [...heads].flatMap((head) => {
    const own = columns.filter((column) => column[depth] === head);
    const [first] = own;
    return first === undefined || first.length === depth + 1 ? own.slice(0, 1) : inOrderOfObjects(own, depth + 1);
  });
}

function ofSelection(selection: Selection): readonly CsvColumn[] {
  refuseExpand(selection);
  const { properties, computed } = selection;
  return [...properties, ...computed].map(({ name }) => [name]);
}

/** A set that is not expanded is served as its link. */
function ofCrossjoin({ sets, expands }: CrossjoinPlan): readonly CsvColumn[] {
  if (expands.length > 0) {
    throw noRowsInRows();
  }
  return sets.map(({ name }) => [`${name}@odata.navigationLink`]);
}

/** What each row is, and every property that a row of any of the sets has. */
function ofAll({ parts, references }: AllPlan): readonly CsvColumn[] {
  const names = new Set(parts.flatMap((part) => ofSelection(part.selection).map(([name = '']) => name)));
  return references ? [id] : [type, id, ...[...names].map((name) => [name])];
}

function refuseExpand({ expands }: Selection): void {
  if (expands.length > 0) {
    throw noRowsInRows();
  }
}

const noRowsInRows = (): GatewayError => refused('$expand', 'a field holds no rows');

const refused = (target: string, why: string): GatewayError =>
  new GatewayError('BadRequest', `${target} cannot be served as CSV: ${why}. Ask for JSON, or leave ${target} out.`, {
    target,
  });

/** The names of the columns, as the first record has them. */
export const columnName = (column: CsvColumn): string => column.join('/');
