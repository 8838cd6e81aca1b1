import type { SetBinding } from '../../catalogue/catalogue.ts';
import type { EntitySet, Model } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { parseExpression } from '../../uri/parse-uri.ts';
import type { Expression } from '../../uri/syntax.ts';
import { type Grants, grantShape, type SetGrant } from '../grants.ts';
import { isAlways, isNever, joinedBy } from '../logic/condition.ts';
import type { BoundExpression } from '../model/read-plan.ts';
import type { PropertyView, RowCondition, ViewCase } from '../model/restricted-set.ts';
import type { RowRule } from '../model/row-rule.ts';
import { visitExpression } from '../model/walk.ts';
import { bindCondition } from './expression/expression.ts';
import { defaultPlanLimits, noUsage } from './limits.ts';
import { perhaps } from './names.ts';
import { rowRuleOf } from './row-rules.ts';
import { type Binding, rowScope } from './scope.ts';

/** What a rule says of one set, in names and text. */
export interface SetRule {
  /** Structural properties that may be seen; absent: all. */
  readonly properties?: readonly string[];
  /** Those of them whose values are masked (docs/personal-data.md); absent: none. */
  readonly masked?: readonly string[];
  /** The rows that may be seen, as a `$filter` text about a row of the set; absent: all. */
  readonly rows?: string;
  /** What aliases in `rows` stand for. `rows` and these are what is told apart; absent: none. */
  readonly aliases?: ReadonlyMap<string, Expression>;
}

/** By set name; of several rules for one set each gives its properties of its rows. A set without a rule is hidden. */
export type GrantRules = ReadonlyMap<string, SetRule | readonly SetRule[]>;

/** What rules are bound to: the whole model, and where the rows of its sets are. */
export interface RuleContext {
  readonly model: Model;
  readonly sets: ReadonlyMap<string, SetBinding>;
}

/**
 * Rules as grants. A condition on rows may name what is hidden; it looks at all rows of the sets that it leads to.
 * @throws GatewayError `GrantInvalid`, naming the set: for names that the model has not, a rule that hides or masks a part
 *   of the key (without it no row can be named, linked to or told apart), and a condition that is none, depends on the
 *   clock, or leads to rows of another source
 */
export function bindGrants(rules: GrantRules, context: RuleContext): Grants {
  const sets = new Map<string, SetGrant>();
  for (const [name, rule] of rules) {
    const set = context.model.entitySets.get(name);
    if (set === undefined) {
      throw invalid(name, `there is no such entity set.${perhaps(name, context.model.entitySets.keys())}`);
    }
    sets.set(name, bindSet(set, 'length' in rule ? rule : [rule], context));
  }
  return { sets, shape: grantShape(sets) };
}

/** One rule of a set, bound. */
interface Alternative {
  /** null: all. */
  readonly properties: ReadonlySet<string> | null;
  readonly masked: ReadonlySet<string>;
  readonly rows: RowCondition | null;
  /** null: all rows, or none. */
  readonly rowRule: RowRule | null;
}

/** All rules about one row: the row is seen if any of them gives it, and a value of it if one of those that give the row does. */
function bindSet(set: EntitySet, rules: readonly SetRule[], context: RuleContext): SetGrant {
  const variable = { name: '$it', set };
  const alternatives = rules.map((rule): Alternative => {
    const properties = rule.properties === undefined ? null : granted(rule.properties, set);
    const masked = maskable(rule.masked ?? [], set);
    const place = { ...context, rule, variable };
    const rows = rule.rows === undefined ? null : condition(rule.rows, set, place);
    if (rows === null || rule.rows === undefined || isAlways(rows.condition)) {
      return { properties, masked, rows: null, rowRule: null };
    }
    return { properties, masked, rows, rowRule: isNever(rows.condition) ? null : rowRule(rule.rows, set, place) };
  });
  const open = alternatives.some(({ rows }) => rows === null);
  const views = viewsOf(set, alternatives);
  const rows = open ? null : anyOf(alternatives, variable);
  const told = [...views].map(([name, { cases }]) => [name, cases.map(({ as, rows }) => [as, rows?.text ?? null])]);
  const rule = rows === null && told.length === 0 ? '' : JSON.stringify([rows?.text ?? null, ...told]);
  const rowRules = open ? [] : alternatives.flatMap(({ rowRule }) => (rowRule === null ? [] : [rowRule]));
  return { properties: everyName(alternatives), rows, views, rule, rowRules };
}

/** null: all. */
function everyName(alternatives: readonly Alternative[]): ReadonlySet<string> | null {
  const names = new Set<string>();
  for (const { properties } of alternatives) {
    if (properties === null) {
      return null;
    }
    for (const name of properties) {
      names.add(name);
    }
  }
  return names;
}

/** `alternatives` all have conditions. */
function anyOf(alternatives: readonly Alternative[], variable: RowCondition['variable']): RowCondition {
  const found = alternatives.flatMap(({ rows }) => (rows === null ? [] : [rows]));
  const byText = [...new Map(found.map((one) => [one.text, one])).values()];
  const [only] = byText;
  if (only !== undefined && byText.length === 1) {
    return only;
  }
  return {
    variable,
    condition: joinedBy(
      'or',
      byText.map(({ condition }) => condition),
    ),
    text: byText
      .map(({ text }) => text)
      .sort()
      .join('\n'),
    reads: [...new Set(byText.flatMap(({ reads }) => reads))].sort(),
  };
}

/** What is not seen as it is of every row that is seen. */
function viewsOf(set: EntitySet, alternatives: readonly Alternative[]): ReadonlyMap<string, PropertyView> {
  const views = new Map<string, PropertyView>();
  for (const name of set.entityType.properties.keys()) {
    const having = alternatives.filter(({ properties }) => properties === null || properties.has(name));
    const clear = having.filter(({ masked }) => !masked.has(name));
    const seen = clear.some(({ rows }) => rows === null) || clear.length === alternatives.length;
    if (having.length === 0 || seen) {
      continue;
    }
    const masking = having.filter(({ masked }) => masked.has(name));
    const always = masking.some(({ rows }) => rows === null) || having.length === alternatives.length;
    const masks = always
      ? [{ rows: null, as: 'mask' } as const]
      : masking.map(({ rows }) => ({ rows, as: 'mask' }) as const);
    const cases: readonly ViewCase[] = [...clear.map(({ rows }) => ({ rows, as: 'value' }) as const), ...masks];
    views.set(name, { cases: cases.filter(isFirst) });
  }
  return views;
}

const isFirst = ({ rows, as }: ViewCase, at: number, all: readonly ViewCase[]): boolean =>
  all.findIndex((one) => one.as === as && one.rows?.text === rows?.text) === at;

function granted(names: readonly string[], set: EntitySet): ReadonlySet<string> {
  const all = new Set(names);
  checkKnown(names, set);
  const hidden = set.entityType.key.filter((one) => !all.has(one));
  if (hidden.length > 0) {
    throw invalid(set.name, `its key cannot be hidden; grant ${hidden.map((one) => `'${one}'`).join(' and ')}, too.`);
  }
  return all;
}

function maskable(names: readonly string[], set: EntitySet): ReadonlySet<string> {
  checkKnown(names, set);
  const keys = set.entityType.key.filter((one) => names.includes(one));
  if (keys.length > 0) {
    const said = keys.map((one) => `'${one}'`).join(' and ');
    throw invalid(set.name, `its key cannot be masked, since two may look the same; leave ${said} out.`);
  }
  return new Set(names);
}

function checkKnown(names: readonly string[], { name, entityType }: EntitySet): void {
  const unknown = names.find((one) => !entityType.properties.has(one));
  if (unknown !== undefined) {
    throw invalid(name, `it has no property '${unknown}'.${perhaps(unknown, entityType.properties.keys())}`);
  }
}

interface RulePlace extends RuleContext {
  readonly rule: SetRule;
  readonly variable: RowCondition['variable'];
}

function condition(text: string, set: EntitySet, context: RulePlace): RowCondition {
  const { variable } = context;
  const bound = boundText(text, set, context);
  const reads = new Set<string>();
  visitExpression(bound, {
    set: ({ name }) => {
      if (name !== set.name) {
        reads.add(name);
      }
    },
  });
  const source = sourceOf(set.name, context);
  const elsewhere = [...reads].find((name) => sourceOf(name, context) !== source);
  if (elsewhere !== undefined) {
    throw invalid(set.name, `the condition on its rows leads to '${elsewhere}', whose rows are elsewhere.`);
  }
  const { aliases } = context.rule;
  const told = aliases === undefined ? text : `${text} ${JSON.stringify([...aliases], withoutPlaces)}`;
  return { variable, condition: bound, text: told, reads: [...reads].sort() };
}

const rowRule = (text: string, set: EntitySet, place: RulePlace): RowRule =>
  rowRuleOf(text, place, place.rule.aliases ?? new Map(), (aliases) =>
    boundText(text, set, { ...place, rule: { ...place.rule, aliases } }),
  );

const withoutPlaces = (key: string, value: unknown): unknown => (key === 'at' ? undefined : value);

function boundText(text: string, { name }: EntitySet, { model, sets, variable, rule }: RulePlace): BoundExpression {
  const context = { model, sets, limits: defaultPlanLimits, pageSize: 1, now: () => '2000-01-01T00:00:00Z' };
  const binding: Binding = { context, aliases: rule.aliases ?? new Map(), usage: noUsage(), fingerprint: '' };
  const bound = whole(name, () => bindCondition(parseExpression(text), rowScope(binding, 'rows', variable)));
  if (binding.usage.clock) {
    throw invalid(name, 'the condition on its rows cannot depend on the clock, as now() does.');
  }
  return bound;
}

function whole<T>(set: string, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    throw error instanceof GatewayError ? invalid(set, error.message, error) : error;
  }
}

/** Rows of one source can be looked at together: PostgreSQL, or one proxied feed. */
function sourceOf(set: string, { sets }: RuleContext): string | null {
  const binding = sets.get(set);
  return binding?.kind === 'upstream' ? binding.source : null;
}

const invalid = (set: string, message: string, cause?: GatewayError): GatewayError =>
  new GatewayError('GrantInvalid', `The rule of '${set}': ${message}`, {
    target: set,
    ...(cause === undefined ? {} : { cause }),
  });
