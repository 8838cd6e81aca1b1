import type { GroupingKey } from './aggregate.ts';
import {
  expressionText,
  keysText,
  keyValuesText,
  quoted,
  searchText,
  tagged,
  withoutValues,
} from './describe-expression.ts';
import type { AllPosition, PagePosition, ReadPlan } from './read-plan.ts';
import { isRestricted, type PropertyView } from './restricted-set.ts';
import type { Restriction, RowSource } from './rows.ts';
import type { ApplyPlan, BoundTransformation, ExpandPlan, Selection } from './selection.ts';
import { visitPlan } from './walk.ts';

/**
 * A plan as compact text, for people: golden files, the log, `gateway explain`. Types stand after a colon without `Edm.`, `?` says
 * nullable, a variable that is not the nearest `$it` is written with its name. Values that the request names stand in single
 * quotes; with `values: 'hidden'` there is a mark in their place, and the shape alone can be read.
 */
export function describePlan(plan: ReadPlan, { values }: { readonly values: 'hidden' | 'shown' }): string {
  const text = lines(planText(plan), conditionLines(plan));
  return values === 'shown' ? text : withoutValues(text);
}

/** Of sets that are there with some of their rows only. */
function conditionLines(plan: ReadPlan): string[] {
  const found = new Map<string, string>();
  visitPlan(plan, {
    set: (set) => {
      if (isRestricted(set)) {
        const sealed = set.sealed ? ' sealed' : '';
        const rows = `rows of ${set.name} ${expressionText(set.rows.condition)}${sealed}`;
        found.set(set.name, lines(rows, [...set.views].map(viewText)));
      }
    },
  });
  return [...found.values()].sort();
}

/** How the values of a property are seen, case after case. */
function viewText([name, { cases }]: readonly [string, PropertyView]): string {
  const told = cases.map(({ rows, as }) => `${as}${rows === null ? '' : ` where ${expressionText(rows.condition)}`}`);
  return `${name}: ${told.length === 0 ? 'null' : told.join(', else ')}`;
}

function planText(plan: ReadPlan): string {
  switch (plan.kind) {
    case 'ServiceDocument':
    case 'Metadata':
      return plan.kind;
    case 'All':
      return lines(
        `All ${plan.parts.map(({ source }) => sourceText(source)).join(',')} page ${plan.pageSize}`,
        plan.countOnly ? ['count only'] : [],
        plan.references ? ['references'] : [],
        plan.top === null ? [] : [`top ${plan.top}`],
        plan.skip === null ? [] : [`skip ${plan.skip}`],
        plan.count ? ['count'] : [],
        plan.after === null ? [] : [`after ${allPositionText(plan.after)}`],
      );
    case 'PropertyRead':
      return `Property ${sourceText(plan.source)} . ${plan.property.name}${plan.raw ? ' raw' : ''}`;
    case 'Count':
      return lines(`Count ${sourceText(plan.source)}`, applyLines(plan.apply), restrictionLines(plan.restriction));
    case 'Entity':
      return lines(
        `Entity ${sourceText(plan.source)} ${plan.empty}${plan.references ? ' references' : ''}`,
        selectionLines(plan.selection),
      );
    case 'Crossjoin':
      return lines(
        `Crossjoin ${plan.sets.map((set) => set.name).join(',')}${plan.countOnly ? ' count only' : ''}`,
        restrictionLines(plan.restriction),
        plan.expands.flatMap((expand) => [`expand ${expand.set.name}`, ...indent(selectionLines(expand.selection))]),
        plan.after === null ? [] : [`after ${plan.after.join(',')}`],
      );
    case 'Collection':
      return lines(
        `Collection ${sourceText(plan.source)} page ${plan.pageSize}${plan.references ? ' references' : ''}`,
        applyLines(plan.apply),
        selectionLines(plan.selection),
        restrictionLines(plan.restriction),
        plan.after === null ? [] : [`after ${positionText(plan.after)}`],
        plan.since === null ? [] : [`since ${plan.since}`],
      );
  }
}

/** The order values of the row that a page goes on behind, and its number. */
const positionText = ({ values, rowId, remaining }: PagePosition): string =>
  [...values.map((value) => (value === null ? 'null' : quoted(value))), `row ${rowId}`, ...leftText(remaining)].join(
    ' ',
  );

const allPositionText = ({ set, rowId, token, remaining }: AllPosition): string =>
  [
    set,
    ...(rowId === null ? [] : [`row ${rowId}`]),
    ...(token === null ? [] : [`token ${quoted(token)}`]),
    ...leftText(remaining),
  ].join(' ');

const leftText = (remaining: number | null): readonly string[] => (remaining === null ? [] : [`left ${remaining}`]);

const lines = (first: string, ...rest: string[][]): string => [first, ...indent(rest.flat())].join('\n');

const indent = (text: string[]): string[] => text.map((line) => `  ${line}`);

function sourceText(source: RowSource): string {
  switch (source.kind) {
    case 'Set':
      return source.set.name;
    case 'Navigated':
      return `${sourceText(source.from)}/${source.navigation.name}[${source.set.name}]`;
    case 'Keyed':
      return `${sourceText(source.from)}${keyValuesText(source.key)}`;
    case 'Filtered':
      return `${sourceText(source.from)}/{${expressionText(source.condition)}}`;
  }
}

function selectionLines(selection: Selection): string[] {
  const all = selection.properties.length === selection.type.properties.size;
  const names = all ? '*' : selection.properties.map((property) => property.name).join(',');
  const navigations = selection.selectedNavigations.join(',');
  return [
    ...(selection.selected ? [`select ${names}${navigations === '' ? '' : ` navigations ${navigations}`}`] : []),
    ...selection.computed.map((item) => `computed ${item.name} = ${expressionText(item.expression)}`),
    ...selection.expands.flatMap(expandLines),
  ];
}

const expandLines = (expand: ExpandPlan): string[] => [
  `expand ${expand.navigation.name}[${expand.selection.set.name}]${expand.form === 'entities' ? '' : ` ${expand.form}`}`,
  ...indent([
    ...applyLines(expand.apply ?? null),
    ...selectionLines(expand.selection),
    ...restrictionLines(expand.restriction),
  ]),
];

function restrictionLines(restriction: Restriction): string[] {
  return [
    ...(restriction.filter === null ? [] : [`filter ${expressionText(restriction.filter)}`]),
    ...(restriction.search === null ? [] : [`search ${searchText(restriction.search)}`]),
    ...(restriction.orderby.length === 0 ? [] : [`orderby ${keysText(restriction.orderby)}`]),
    ...(restriction.top === null ? [] : [`top ${restriction.top}`]),
    ...(restriction.skip === null ? [] : [`skip ${restriction.skip}`]),
    ...(restriction.count ? ['count'] : []),
  ];
}

function applyLines(apply: ApplyPlan | null): string[] {
  if (apply === null) {
    return [];
  }
  return [
    `apply${apply.keepsEntities ? ' entities' : ''}`,
    ...indent(apply.transformations.flatMap(transformationLines)),
    ...(apply.entities ?? []).flatMap((one) => [
      `entity ${one.path.join('/')}[${one.variable.set.name}]${one.form === 'ref' ? ' ref' : ''}`,
      ...indent(selectionLines(one.selection)),
    ]),
    `output ${apply.output.map((one) => tagged(one.path.join('/'), one.type, one.nullable)).join(' ')}`,
  ];
}

const keyText = (key: GroupingKey): string =>
  `${key.path.join('/')}=${expressionText(key.expression)}${key.rollup === null ? '' : ` rollup ${key.rollup}`}`;

function transformationLines(one: BoundTransformation): string[] {
  switch (one.kind) {
    case 'filter':
      return [`filter ${expressionText(one.condition)}`];
    case 'search':
      return [`search ${searchText(one.search)}`];
    case 'compute':
      return one.items.map((item) => `compute ${item.name} = ${expressionText(item.expression)}`);
    case 'orderby':
      return [`orderby ${keysText(one.keys)}`];
    case 'top':
    case 'skip':
      return [`${one.kind} ${one.count}`];
    case 'ranked':
      return [`${one.name} ${expressionText(one.amount)} by ${expressionText(one.by)}`];
    case 'join':
      return [
        `${one.outer ? 'outerjoin' : 'join'} ${one.navigation.name}[${one.set.name}] as ${one.alias}${one.variable === null ? ' names' : ''}`,
        ...indent(one.apply.transformations.length === 0 ? [] : applyLines(one.apply)),
      ];
    case 'concat':
      return one.branches.flatMap((branch) => ['concat branch', ...indent(applyLines(branch))]);
    case 'groupby':
      return [
        `groupby ${one.grouping.map(keyText).join(', ')}${one.rollupAll === undefined ? '' : ` all ${one.rollupAll.join(',')}`}`,
        ...indent(one.transformations.flatMap(transformationLines)),
      ];
    case 'aggregate':
      return one.items.map((item) => {
        const over = item.over === undefined ? '' : ` over ${item.over.variable.name}`;
        const of = `${over}${item.expression === null ? '' : ` ${expressionText(item.expression)}`}`;
        const from = item.from.map((step) => ` from ${step.keys.map(keyText).join(',')} with ${step.method}`).join('');
        return `aggregate ${tagged(item.alias, item.type, item.nullable)} = ${item.method}${of}${from}`;
      });
  }
}
