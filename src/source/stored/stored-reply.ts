import type { CompileOptions } from '../../sql/compile-options.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCrossjoin } from '../../sql/read/compile-crossjoin.ts';
import { compileCollection, compileCount, compileEntity, compileProperty } from '../../sql/read/compile-read.ts';
import type { Reading, SourceReply } from '../data-source.ts';
import { storedPage } from './stored-page.ts';
import type { StoredPlan, StoredRead } from './stored-read.ts';
import { storedCount, storedEntity, storedProperty } from './stored-value.ts';

/** What a compiled read gives. */
export async function storedReply(read: StoredRead): Promise<SourceReply> {
  const { plan } = read;
  switch (plan.kind) {
    case 'Collection':
      return storedPage({ ...read, plan });
    case 'Crossjoin':
      return plan.countOnly ? storedCount(read) : storedPage({ ...read, plan });
    case 'Entity':
      return storedEntity({ ...read, plan });
    case 'PropertyRead':
      return storedProperty({ ...read, plan });
    case 'Count':
      return storedCount(read);
  }
}

/** The statement of a plan. */
export function compileStored(
  plan: StoredPlan,
  { catalogue }: Pick<Reading, 'catalogue'>,
  options: CompileOptions,
): CompiledQuery {
  switch (plan.kind) {
    case 'Collection':
      return compileCollection(plan, catalogue, options);
    case 'Entity':
      return compileEntity(plan, catalogue, options);
    case 'PropertyRead':
      return compileProperty(plan, catalogue);
    case 'Count':
      return compileCount(plan, catalogue);
    case 'Crossjoin':
      return compileCrossjoin(plan, catalogue, options);
  }
}
