import { GatewayError } from '../../src/errors.ts';
import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { defaultPlanLimits, type PlanLimits } from '../../src/plan/bind/limits.ts';
import { describePlan } from '../../src/plan/model/describe.ts';
import type { Bound } from '../../src/plan/model/read-plan.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { sampleModel, sampleSets } from './sample-model.ts';

export const sampleRoot = 'http://feed.test/odata/';

/** Binds a URL below the service root against the sample model. */
export function bindText(url: string, limits: Partial<PlanLimits> = {}): Bound {
  return bindRead(parseODataUri(url), {
    model: sampleModel,
    sets: sampleSets,
    limits: { ...defaultPlanLimits, ...limits },
    pageSize: 100,
    now: () => '2026-01-31T12:00:00.000Z',
    serviceRoot: sampleRoot,
  });
}

/** The plan as text, or the error as `code: message`. Anything but a GatewayError is thrown on. */
export function outcome(url: string, limits: Partial<PlanLimits> = {}): string {
  try {
    return describePlan(bindText(url, limits), { values: 'shown' });
  } catch (error) {
    if (error instanceof GatewayError) {
      return `${error.code}: ${error.message}`;
    }
    throw error;
  }
}
