import type { ApplyPlan, OutputProperty, RangeVariable } from '../../model/read-plan.ts';
import { fault, type Scope } from '../scope.ts';

/** All properties of the branches of a `concat`, each once; nullable where a branch has it not. */
export function joinedOutput(branches: readonly ApplyPlan[], scope: Scope, at: number): OutputProperty[] {
  const joined = new Map<string, OutputProperty>();
  const seen = new Map<string, number>();
  for (const property of branches.flatMap((branch) => branch.output)) {
    const name = property.path.join('/');
    const known = joined.get(name);
    if (known !== undefined && known.type !== property.type) {
      const types = `${known.type} and ${property.type}`;
      throw fault(scope, 'TypeMismatch', `the branches of concat give '${name}' as ${types}.`, at);
    }
    joined.set(name, { ...property, nullable: property.nullable || (known?.nullable ?? false) });
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  return [...joined].map(([name, property]) =>
    seen.get(name) === branches.length ? property : { ...property, nullable: true },
  );
}

/** What names mean after an aggregation: its output alone, no row of a set any more; `$it` only as the row of an outer level. */
export function outputScope(output: readonly OutputProperty[], scope: Scope): Scope {
  const computed = new Map(
    output.map(({ path, type, nullable }) => [path.join('/'), { type, nullable, expression: null }]),
  );
  return { ...scope, row: null, it: outerRow(scope), variables: new Map(), computed };
}

/** What `$it` means where the level's own row is gone. */
export const outerRow = ({ it, row }: Scope): RangeVariable | null => (it === row ? null : it);
