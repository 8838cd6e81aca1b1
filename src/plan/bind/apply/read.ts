import type { EntitySet } from '../../../edm/model.ts';
import type { QueryOptions } from '../../../uri/syntax.ts';
import { isNamed, isOnWay, isPresence } from '../../model/presence-path.ts';
import type { ApplyPlan, OutputProperty, Restriction, Selection } from '../../model/read-plan.ts';
import { perhaps } from '../names.ts';
import { bindCompute } from '../rows/compute.ts';
import { bindRestriction } from '../rows/restriction.ts';
import { bindRows, type Level, levelScope } from '../rows/rows.ts';
import { fault, inOption, type Scope } from '../scope.ts';
import { bindTransformations } from './apply.ts';
import { bindApplyExpands } from './expand.ts';
import { firstStage, type Stage } from './stage.ts';

export interface ApplyRead {
  readonly selection: Selection;
  readonly restriction: Restriction;
  readonly apply: ApplyPlan;
}

/**
 * `$apply`, and the options that hold for its result (Data Aggregation 4.0, 3): `$compute` becomes one more
 * transformation, `$select` narrows the output, the others restrict it. Serves the top level and each level of `$expand`.
 */
export function bindApplyRead(options: QueryOptions, set: EntitySet, level: Level): ApplyRead {
  const { variable, scope } = levelScope(level, set, '$apply');
  const piped = bindTransformations(options.apply ?? [], firstStage(scope));
  const stage = withCompute(options, piped);
  const inResult = inOption(stage.scope, '$filter');
  const restriction = bindRestriction(options, stage.scope.row === null ? null : set, inResult);
  const expands = bindApplyExpands(options.expand ?? null, stage, level);
  // The input of the pipeline is the whole row: nothing of the request narrows it.
  const { selection } = bindRows(expands.rows.length === 0 ? {} : { expand: expands.rows }, set, level);
  const output = options.select === undefined ? stage.output : selected(options.select, stage);
  const { transformations, keepsEntities } = stage;
  const apply = { transformations, output: [...output, ...expands.output], keepsEntities };
  return {
    selection: { ...selection, selected: options.select !== undefined, variable },
    restriction: Object.assign({}, restriction, { variable }),
    apply: expands.entities.length === 0 ? apply : { ...apply, entities: expands.entities },
  };
}

function withCompute(options: QueryOptions, stage: Stage): Stage {
  if (options.compute === undefined) {
    return stage;
  }
  const scope: Scope = inOption(stage.scope, '$compute');
  const { properties } = bindCompute(options.compute, scope, 'column');
  const added = properties.map((property): OutputProperty => {
    return { path: [property.name], type: property.type, nullable: property.nullable };
  });
  const computed = new Map(scope.computed);
  for (const { name, type, nullable } of properties) {
    computed.set(name, { type, nullable, expression: null });
  }
  return {
    ...stage,
    scope: { ...stage.scope, computed },
    transformations: [...stage.transformations, { kind: 'compute', items: properties }],
    output: [...stage.output, ...added],
  };
}

function selected(items: NonNullable<QueryOptions['select']>, stage: Stage): readonly OutputProperty[] {
  const scope = inOption(stage.scope, '$select');
  if (items.some((item) => item.wildcard && item.path.length === 0)) {
    return stage.output;
  }
  const wanted = new Set<OutputProperty>();
  for (const item of items) {
    const name = item.path.join('/');
    const named = stage.output.filter((property) => isUnder(property.path.join('/'), name));
    // Entities beside the row are served where `$expand` says so, whatever is selected.
    if (named.length === 0 && stage.joined?.has(name) !== true) {
      const hint = perhaps(name, stage.output.map((property) => property.path.join('/')).filter(isNamed));
      throw fault(scope, 'UnknownProperty', `the result of $apply has no property '${name}'.${hint}`, item.at);
    }
    for (const property of named) {
      wanted.add(property);
    }
  }
  const isWanted = (property: OutputProperty): boolean =>
    isPresence(property.path) ? [...wanted].some(({ path }) => isOnWay(property.path, path)) : wanted.has(property);
  return stage.output.filter(isWanted);
}

/** The property itself, or all that was grouped under a navigation property. */
const isUnder = (path: string, name: string): boolean => path === name || path.startsWith(`${name}/`);
