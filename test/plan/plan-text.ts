import type {
  ApplyPlan,
  BoundExpression,
  BoundSearch,
  BoundTransformation,
  CollectionPath,
  ExpandPlan,
  GroupingKey,
  KeyValue,
  OrderKey,
  ReadPlan,
  Restriction,
  RowPath,
  RowSource,
  SearchNode,
  Selection,
} from '../../src/plan/model/read-plan.ts';

/**
 * A plan as compact text: types stand after a colon without `Edm.`, `?` says nullable, a variable that is not the
 * nearest `$it` is written with its name. Only for golden files.
 */
export function planText(plan: ReadPlan): string {
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
        plan.after === null ? [] : [`after ${JSON.stringify(plan.after)}`],
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
        plan.after === null ? [] : [`after ${JSON.stringify(plan.after)}`],
        plan.since === null ? [] : [`since ${plan.since}`],
      );
  }
}

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

const keysText = (keys: readonly OrderKey[]): string =>
  keys.map((key) => `${expressionText(key.expression)} ${key.direction}`).join(', ');

const searchText = (search: BoundSearch): string =>
  `${search.properties.map((property) => property.name).join(',')} ${searchNodeText(search.expression)}`;

function searchNodeText(node: SearchNode): string {
  switch (node.kind) {
    case 'Word':
      return node.text;
    case 'Phrase':
      return `"${node.text}"`;
    case 'Not':
      return `(not ${searchNodeText(node.operand)})`;
    default:
      return `(${node.kind.toLowerCase()} ${searchNodeText(node.left)} ${searchNodeText(node.right)})`;
  }
}

const keyValuesText = (key: readonly KeyValue[]): string =>
  `(${key.map(({ property, value }) => `${property.name}=${expressionText(value)}`).join(',')})`;

function rowText({ variable, steps }: RowPath): string {
  const start = variable.key === undefined ? variable.name : `${variable.name}${keyValuesText(variable.key)}`;
  const names = steps.map(({ navigation, key }) => `${navigation.name}${key === undefined ? '' : keyValuesText(key)}`);
  return [...(start === '$it' ? [] : [start]), ...names].join('/');
}

const typeText = (type: string): string => type.replace('Edm.', '');

const tagged = (text: string, type: string, nullable: boolean): string =>
  `${text}:${typeText(type)}${nullable ? '?' : ''}`;

const overText = (over: CollectionPath): string =>
  `${[rowText(over.from), over.navigation.name].filter((part) => part !== '').join('/')} as ${over.variable.name}`;

export function expressionText(node: BoundExpression): string {
  switch (node.kind) {
    case 'Constant':
      return node.value === null ? `null:${typeText(node.type)}` : `'${node.value}':${typeText(node.type)}`;
    case 'PropertyValue': {
      const path = [rowText(node.row), node.property.name].filter((part) => part !== '').join('/');
      return `${path}${node.nullable ? '?' : ''}`;
    }
    case 'ComputedValue':
      return tagged(`#${node.name}`, node.type, node.nullable);
    case 'Convert':
      return tagged(`(convert ${expressionText(node.operand)})`, node.type, node.nullable);
    case 'Negate':
      return tagged(`(- ${expressionText(node.operand)})`, node.type, node.nullable);
    case 'Not':
      return `(not${node.nullable ? '?' : ''} ${expressionText(node.operand)})`;
    case 'Comparison':
      return `(${node.operator} ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'Logical':
      return `(${node.operator}${node.nullable ? '?' : ''} ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'Arithmetic': {
      const text = `(${node.operator} ${expressionText(node.left)} ${expressionText(node.right)})`;
      return tagged(text, node.type, node.nullable);
    }
    case 'In':
      return `(in ${expressionText(node.operand)} [${node.items.map(expressionText).join(' ')}])`;
    case 'Function':
      return tagged(`${node.name}(${node.args.map(expressionText).join(', ')})`, node.type, node.nullable);
    case 'Case': {
      const branches = node.branches.map((one) => `${expressionText(one.when)} -> ${expressionText(one.then)}`);
      return tagged(`case(${branches.join(', ')})`, node.type, node.nullable);
    }
    case 'Lambda':
      return `(${node.operator} ${overText(node.over)}${node.predicate === null ? '' : ` ${expressionText(node.predicate)}`})`;
    case 'CollectionCount': {
      const filter = node.filter === null ? '' : ` filter ${expressionText(node.filter)}`;
      return `(count ${overText(node.over)}${filter}${node.search === null ? '' : ` search ${searchText(node.search)}`})`;
    }
    case 'Has':
      return `(has ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'RowExists':
      return `(exists ${rowText(node.row)})`;
  }
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
