import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { defaultPlanLimits } from '../../src/plan/bind/limits.ts';
import type { Bound } from '../../src/plan/model/read-plan.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import { compileCrossjoin } from '../../src/sql/read/compile-crossjoin.ts';
import { compileCollection, compileCount, compileEntity, compileProperty } from '../../src/sql/read/compile-read.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { catalogue, model } from './small-model.ts';

/** The plan of a URL below the service root over the small model; `text` is percent-encoded where it must be. */
export function planOf(text: string, pageSize = 1000): Bound {
  return bindRead(parseODataUri(encoded(text)), {
    model,
    sets: catalogue.sets,
    limits: defaultPlanLimits,
    pageSize,
    now: () => '2026-01-31T12:00:00.000Z',
  });
}

export function compiled(text: string, pageSize = 1000): CompiledQuery {
  const plan = planOf(text, pageSize);
  switch (plan.kind) {
    case 'Collection':
      return compileCollection(plan, catalogue);
    case 'Count':
      return compileCount(plan, catalogue);
    case 'Entity':
      return compileEntity(plan, catalogue);
    case 'PropertyRead':
      return compileProperty(plan, catalogue);
    case 'Crossjoin':
      return compileCrossjoin(plan, catalogue);
    default:
      throw new Error(`no query for ${plan.kind}`);
  }
}

/** `+`, `%`, `&` and `#` inside values are what a client would encode. */
export const part = (text: string): string => encodeURIComponent(text);

function encoded(text: string): string {
  return text.replaceAll(' ', '%20');
}
