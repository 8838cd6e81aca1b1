import type { SetBinding } from '../../catalogue/catalogue.ts';
import type { EntitySet, Model } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { parseExpression } from '../../uri/parse-uri.ts';
import type { Grants, SetGrant } from '../grants.ts';
import type { BoundExpression } from '../model/read-plan.ts';
import type { RowCondition } from '../model/restricted-set.ts';
import { visitExpression } from '../model/walk.ts';
import { bindCondition } from './expression/expression.ts';
import { defaultPlanLimits, noUsage } from './limits.ts';
import { perhaps } from './names.ts';
import { type Binding, rowScope } from './scope.ts';

/** What a rule says of one set, in names and text. */
export interface SetRule {
  /** Structural properties that may be seen; absent: all. */
  readonly properties?: readonly string[];
  /** The rows that may be seen, as a `$filter` text about a row of the set; absent: all. */
  readonly rows?: string;
}

/** By set name. A set without a rule is hidden. */
export type GrantRules = ReadonlyMap<string, SetRule>;

/** What rules are bound to: the whole model, and where the rows of its sets are. */
export interface RuleContext {
  readonly model: Model;
  readonly sets: ReadonlyMap<string, SetBinding>;
}

/**
 * Rules as grants. A condition on rows may name what is hidden; it looks at all rows of the sets that it leads to.
 * @throws GatewayError `GrantInvalid`, naming the set: for names that the model has not, a rule that hides a part of the
 *   key (without it no row can be named, linked to or told apart), and a condition that is none, depends on the clock, or
 *   leads to rows of another source
 */
export function bindGrants(rules: GrantRules, context: RuleContext): Grants {
  const sets = new Map<string, SetGrant>();
  for (const [name, rule] of rules) {
    const set = context.model.entitySets.get(name);
    if (set === undefined) {
      throw invalid(name, `there is no such entity set.${perhaps(name, context.model.entitySets.keys())}`);
    }
    const properties = rule.properties === undefined ? null : granted(rule.properties, set);
    sets.set(name, { properties, rows: rule.rows === undefined ? null : condition(rule.rows, set, context) });
  }
  return { sets };
}

function granted(names: readonly string[], { name, entityType }: EntitySet): ReadonlySet<string> {
  const all = new Set(names);
  const unknown = names.find((one) => !entityType.properties.has(one));
  if (unknown !== undefined) {
    throw invalid(name, `it has no property '${unknown}'.${perhaps(unknown, entityType.properties.keys())}`);
  }
  const hidden = entityType.key.filter((one) => !all.has(one));
  if (hidden.length > 0) {
    throw invalid(name, `its key cannot be hidden; grant ${hidden.map((one) => `'${one}'`).join(' and ')}, too.`);
  }
  return all;
}

function condition(text: string, set: EntitySet, context: RuleContext): RowCondition {
  const variable = { name: '$it', set };
  const bound = boundText(text, set, { ...context, variable });
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
  return { variable, condition: bound, text, reads: [...reads].sort() };
}

interface RulePlace extends RuleContext {
  readonly variable: RowCondition['variable'];
}

function boundText(text: string, { name }: EntitySet, { model, sets, variable }: RulePlace): BoundExpression {
  const context = { model, sets, limits: defaultPlanLimits, pageSize: 1, now: () => '2000-01-01T00:00:00Z' };
  const binding: Binding = { context, aliases: new Map(), usage: noUsage(), fingerprint: '' };
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
