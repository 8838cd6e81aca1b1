import { canBeNull } from '../../logic/three-valued.ts';
import { presencePath } from '../../model/presence-path.ts';
import type { BoundExpression, GroupingKey, OutputProperty } from '../../model/read-plan.ts';
import { bindOperand } from '../expression/expression.ts';
import type { Scope } from '../scope.ts';

/** The further keys that grouping by `keys` needs, each once. An entity that is grouped by tells itself whether it is there. */
export function presenceKeys(keys: readonly GroupingKey[], scope: Scope, at: number): GroupingKey[] {
  const found = new Map<string, GroupingKey | null>();
  for (const { path, entity } of keys) {
    if (entity !== undefined) {
      found.set(path.join('/'), null);
    }
  }
  for (const { path } of keys) {
    for (let length = 1; length < path.length; length++) {
      const prefix = path.slice(0, length);
      const name = prefix.join('/');
      if (found.has(name)) {
        continue;
      }
      const expression = presenceOf(prefix, { scope, at, computed: scope.computed.has(path.join('/')) });
      found.set(name, expression === null ? null : { path: presencePath(prefix), expression, rollup: null });
    }
  }
  return [...found.values()].filter((key) => key !== null);
}

interface Place {
  readonly scope: Scope;
  readonly at: number;
  /** The path is the name of a value that an earlier transformation gave. */
  readonly computed: boolean;
}

/** null: it is always there, or nothing is known of it. */
function presenceOf(prefix: readonly string[], { scope, at, computed }: Place): BoundExpression | null {
  const name = presencePath(prefix).join('/');
  const known = scope.computed.get(name);
  if (known !== undefined) {
    return { kind: 'ComputedValue', type: 'Edm.Boolean', nullable: known.nullable, name };
  }
  if (computed) {
    return null;
  }
  const segments = prefix.map((one) => ({ kind: 'Name', at, name: one, keys: null }) as const);
  const row = bindOperand({ kind: 'MemberPath', at, segments }, scope);
  if (row.kind !== 'Row') {
    return null;
  }
  const { variable, steps } = row.row;
  if (variable.optional !== true && steps.every(({ navigation }) => !navigation.nullable)) {
    return null;
  }
  return { kind: 'RowExists', type: 'Edm.Boolean', nullable: false, row: row.row };
}

/** What a key serves: nothing itself where it only tells of a presence. */
export function keyOutput({ path, expression, rollup }: GroupingKey, rolled = false): OutputProperty {
  const type = expression.type === 'null' ? 'Edm.String' : expression.type;
  return { path, type, nullable: canBeNull(expression) || rollup !== null || rolled };
}
