import type { Catalogue } from '../catalogue/catalogue.ts';
import {
  type AggregateFormula,
  type Contribution,
  type Formula,
  isAggregate,
  type UnifiedDerivation,
} from '../catalogue/unified.ts';
import type { EntitySet, NavigationProperty, PrimitiveTypeName } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { ComputedName } from '../plan/bind/scope.ts';
import type { BoundExpression, RangeVariable } from '../plan/model/read-plan.ts';
import { visitExpression } from '../plan/model/walk.ts';
import { bindAs, bindFormula, FormulaFault, stepsOf, variableOf } from './bind-formula.ts';
import { widens } from './safe-types.ts';

/** An aggregate with its expressions typed. */
export interface BoundAggregate {
  readonly method: AggregateFormula['method'];
  readonly type: PrimitiveTypeName;
  readonly of: BoundExpression | null;
  readonly by: BoundExpression | null;
  readonly where: BoundExpression | null;
}

/** Values made of rows of another set; the join is written as a navigation property that no model has. */
export interface BoundGathering {
  readonly navigation: NavigationProperty;
  readonly variable: RangeVariable;
  readonly values: ReadonlyMap<string, BoundAggregate>;
}

/** A contribution with its formulas typed. */
export interface BoundContribution {
  readonly contribution: Contribution;
  readonly variable: RangeVariable;
  readonly where: BoundExpression | null;
  readonly gather: readonly BoundGathering[];
  /** `grouped`: made of all rows with the same id. */
  readonly aggregates: ReadonlyMap<string, BoundAggregate>;
  readonly columns: ReadonlyMap<string, BoundExpression>;
  /** Other sets whose rows it is made of, with the navigation property that leads there. */
  readonly reads: readonly { readonly set: string; readonly navigation: NavigationProperty }[];
}

/** Types whose values can be a part of a key as they are. */
const idTypes: readonly PrimitiveTypeName[] = [
  ...(['Edm.String', 'Edm.Guid', 'Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'] as const),
  ...(['Edm.Date', 'Edm.DateTimeOffset', 'Edm.TimeOfDay'] as const),
];

interface Target {
  readonly catalogue: Catalogue;
  readonly derivation: UnifiedDerivation;
  readonly set: EntitySet;
}

/**
 * Types the formulas of a contribution.
 * @throws FormulaFault for the first that is at fault
 */
export function bindContribution(contribution: Contribution, target: Target): BoundContribution {
  const { catalogue } = target;
  const set = entitySet(catalogue, contribution.set);
  const variable = variableOf(set);
  const timed = timesNamed(contribution);
  const gathered = new Map<string, ComputedName>(timed);
  const gather = contribution.gather.map(({ set: to, join, values }): BoundGathering => {
    const inner = variableOf(entitySet(catalogue, to));
    const navigation: NavigationProperty = {
      ...{ kind: 'NavigationProperty', name: to, target: inner.set.entityType.name },
      ...{ collection: true, nullable: false, join },
    };
    const bound = new Map<string, BoundAggregate>();
    const before = new Map(gathered);
    for (const [as, formula] of values) {
      const aggregate = bindAggregate(formula, { catalogue, variable: inner, gathered: before });
      if (set.entityType.properties.has(as)) {
        throw new FormulaFault(
          formula.of ?? nowhere(contribution),
          `${contribution.set} has a property ${as} already.`,
        );
      }
      bound.set(as, aggregate);
      gathered.set(as, { type: aggregate.type, nullable: true, expression: null });
    }
    return { navigation, variable: inner, values: bound };
  });
  const aggregates = new Map<string, BoundAggregate>();
  for (const [name, value] of contribution.columns) {
    if (!isAggregate(value)) {
      continue;
    }
    if (!contribution.grouped) {
      throw new FormulaFault(
        value.of ?? value.where ?? nowhere(contribution),
        'Aggregates need "grouped: true" or "gather".',
      );
    }
    if (contribution.keyed === null && target.derivation.rules.get(name)?.kind === 'reference') {
      throw new FormulaFault(
        value.of ?? nowhere(contribution),
        `${name} is a key, which is made of an id that all rows have in common: name a part of the id.`,
      );
    }
    const aggregate = bindAggregate(value, { catalogue, variable, gathered });
    const type = propertyType(target, name);
    if (!widens(aggregate.type, type)) {
      throw new FormulaFault(value.of ?? nowhere(contribution), `This is ${aggregate.type}, and ${type} is wanted.`);
    }
    aggregates.set(name, aggregate);
  }
  const timedIds = [...timed].filter(([name]) => contribution.id.includes(name));
  const scope = {
    ...{ catalogue, variable },
    gathered: contribution.grouped ? new Map([...timedIds, ...namesOf(aggregates)]) : gathered,
  };
  const columns = new Map<string, BoundExpression>();
  for (const [name, value] of contribution.columns) {
    if (!isAggregate(value)) {
      const bound = bindColumn(name, value, { target, scope });
      checkGrouped(contribution, value, bound);
      columns.set(name, bound);
    }
  }
  const where =
    contribution.where === null ? null : bindAs(contribution.where, 'Edm.Boolean', { ...scope, gathered: timed });
  for (const name of contribution.id) {
    const type = timed.get(name)?.type ?? set.entityType.properties.get(name)?.type;
    if (type === undefined || !idTypes.includes(type)) {
      throw new FormulaFault(
        { text: name, place: nowhere(contribution).place },
        `A ${type ?? 'missing property'} cannot be an id.`,
      );
    }
  }
  return {
    contribution,
    variable,
    where,
    gather,
    aggregates,
    columns,
    reads: readsOf({ set, gather, expressions: [...columns.values(), ...(where === null ? [] : [where])] }),
  };
}

const timeTypes = {
  ...({ date: 'Edm.Date', hour: 'Edm.Int32', quarter: 'Edm.DateTimeOffset', time: 'Edm.TimeOfDay' } as const),
  ...({ day: 'Edm.Date', seconds: 'Edm.Decimal' } as const),
};

/** Values in the reporting zone, as expressions see them. */
const timesNamed = ({ times }: Contribution): ReadonlyMap<string, ComputedName> =>
  new Map(
    [...times].map(([name, time]) => [
      name,
      { type: timeTypes[time.kind === 'local' ? time.part : time.kind], nullable: true, expression: null },
    ]),
  );

const nowhere = ({ set, columns, where }: Contribution): Formula => {
  const [first] = [...columns.values()].filter((value): value is Formula => !isAggregate(value));
  return first ?? where ?? { text: '', place: set };
};

function readsOf({
  set,
  gather,
  expressions,
}: {
  readonly set: EntitySet;
  readonly gather: readonly BoundGathering[];
  readonly expressions: readonly BoundExpression[];
}): BoundContribution['reads'] {
  const many = gather.map(({ navigation, variable }) => ({ set: variable.set.name, navigation }));
  const one = stepsOf(expressions).map(({ navigation, set: to }) => ({ set: to.name, navigation }));
  return [...new Map([...many, ...one].map((read) => [`${set.name} ${read.navigation.name}`, read])).values()];
}

function bindColumn(
  name: string,
  formula: Formula,
  { target, scope }: { readonly target: Target; readonly scope: Parameters<typeof bindFormula>[1] },
): BoundExpression {
  const rule = target.derivation.rules.get(name);
  if (rule?.kind !== 'reference') {
    return bindAs(formula, propertyType(target, name), scope);
  }
  const bound = bindFormula(formula, scope);
  if (bound.type === 'null' || idTypes.includes(bound.type)) {
    return bound;
  }
  throw new FormulaFault(formula, `A ${bound.type} cannot be an id.`);
}

/** Of rows that make one row together, only what they have in common says something. */
function checkGrouped(contribution: Contribution, formula: Formula, bound: BoundExpression): void {
  if (!contribution.grouped) {
    return;
  }
  const names: string[] = [];
  visitExpression(bound, {
    expression: (node) => {
      if (node.kind === 'PropertyValue') {
        const [step] = node.row.steps;
        names.push(step === undefined ? node.property.name : step.navigation.name);
      }
    },
  });
  const other = names.find((name) => !contribution.id.includes(name));
  if (other !== undefined) {
    throw new FormulaFault(formula, `${other} is no part of the id, so rows may differ in it: aggregate it.`);
  }
}

const namesOf = (aggregates: ReadonlyMap<string, BoundAggregate>): ReadonlyMap<string, ComputedName> =>
  new Map([...aggregates].map(([name, { type }]) => [name, { type, nullable: true, expression: null }]));

function bindAggregate(formula: AggregateFormula, scope: Parameters<typeof bindFormula>[1]): BoundAggregate {
  const bind = (one: Formula | null): BoundExpression | null => (one === null ? null : bindFormula(one, scope));
  const of = bind(formula.of);
  const where = formula.where === null ? null : bindAs(formula.where, 'Edm.Boolean', scope);
  const expressions = [of, bind(formula.by), where].filter((one) => one !== null);
  const [step] = stepsOf(expressions);
  if (step !== undefined) {
    throw new FormulaFault(
      formula.of ?? formula.where ?? { text: '', place: '' },
      'An aggregate looks at its own rows only.',
    );
  }
  return { method: formula.method, type: aggregateType(formula, of), of, by: bind(formula.by), where };
}

function aggregateType(formula: AggregateFormula, of: BoundExpression | null): PrimitiveTypeName {
  if (formula.method === 'count') {
    return 'Edm.Int32';
  }
  const type = of?.type ?? 'null';
  const at = formula.of ?? { text: '', place: '' };
  if (type === 'null') {
    throw new FormulaFault(at, 'The null literal cannot be aggregated.');
  }
  if (formula.method !== 'sum') {
    const ordered = formula.method === 'first' || formula.method === 'last' || type !== 'Edm.Boolean';
    if (ordered) {
      return type;
    }
    throw new FormulaFault(at, `A ${type} has no order.`);
  }
  if (widens(type, 'Edm.Int32')) {
    return 'Edm.Int64';
  }
  if (widens(type, 'Edm.Decimal')) {
    return 'Edm.Decimal';
  }
  if (type === 'Edm.Double') {
    return type;
  }
  throw new FormulaFault(at, `A ${type} cannot be added up.`);
}

function propertyType({ set }: Target, name: string): PrimitiveTypeName {
  const type = set.entityType.properties.get(name)?.type;
  if (type === undefined) {
    throw new GatewayError('Internal', `${set.name} has no property ${name}.`);
  }
  return type;
}

export function entitySet(catalogue: Catalogue, name: string): EntitySet {
  const set = catalogue.model.entitySets.get(name);
  if (set === undefined) {
    throw new GatewayError('Internal', `There is no set ${name}.`);
  }
  return set;
}
