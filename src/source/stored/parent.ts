import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { countOf } from '../../plan/model/make.ts';
import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCount } from '../../sql/read/compile-read.ts';

/**
 * An empty navigated collection may be one whose parent does not exist: that is 404, not an empty list (Protocol 11.2.4).
 * `count` runs a statement that counts. Throws GatewayError EntityNotFound.
 */
export async function checkParent(
  { source }: CollectionPlan,
  catalogue: Catalogue,
  count: (query: CompiledQuery) => Promise<string>,
): Promise<void> {
  if (source.kind !== 'Navigated' || source.from.kind !== 'Keyed') {
    return;
  }
  const plan = countOf({ source: source.from });
  if ((await count(compileCount(plan, catalogue))) === '0') {
    const { name } = plan.set;
    throw new GatewayError('EntityNotFound', `No entity of ${name} has this key`, { target: name });
  }
}
