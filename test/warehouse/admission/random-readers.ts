import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Admission,
  type AdmissionLimits,
  type Admitted,
  ReadAdmission,
} from '../../../src/warehouse/admission/admission.ts';
import type { Estimate, Weight } from '../../../src/warehouse/admission/estimate.ts';

export const never = new AbortController().signal;
export const limits: AdmissionLimits = { pages: 2, long: 1, connections: 3, waiting: 1000, lightTime: 500 };
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const estimates: Readonly<Record<Weight, Estimate>> = {
  light: { cost: 1, bytes: 1 },
  page: { cost: 100_000, bytes: 1e7 },
  long: { cost: 1e7, bytes: 1 },
};

let number = 0;
/** A read that PostgreSQL estimates so; its shape never lets it in without an estimate. */
export function read(weight: Weight, signal = never, key = `read ${number++}`): Admission {
  return {
    weighed: { key, statements: () => [weight], multiplies: true },
    signal,
    timeout: 300_000,
    estimate: async () => estimates[weight],
  };
}

export type Step = {
  readonly do: 'enter' | 'leave' | 'pause' | 'resume' | 'hang up';
  readonly at: number;
  readonly weight: Weight;
};
export const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('enter', 'enter', 'leave', 'pause', 'resume', 'hang up'),
    at: fc.nat(30),
    weight: fc.constantFrom('light', 'page', 'long'),
  }),
  { maxLength: 60 },
);

/** Whatever readers do: never more at work than may, and all who stay are served. */
export async function isSound(done: readonly Step[]): Promise<void> {
  const admission = new ReadAdmission(limits);
  const readers: { admitted: Admitted | null; state: string; readonly gone: AbortController }[] = [];
  for (const step of done) {
    const reader = readers[step.at % Math.max(1, readers.length)];
    if (step.do === 'enter') {
      const one = { admitted: null as Admitted | null, state: 'waits', gone: new AbortController() };
      readers.push(one);
      admission.enter(read(step.weight, one.gone.signal)).then(
        (admitted) => Object.assign(one, { admitted, state: 'works' }),
        () => Object.assign(one, { state: 'left' }),
      );
    } else if (step.do === 'hang up') {
      reader?.gone.abort(new Error('hung up'));
    } else if (reader?.admitted != null && step.do === 'pause' && reader.state === 'works') {
      reader.admitted.pause();
      reader.state = 'paused';
    } else if (reader?.admitted != null && step.do === 'resume' && reader.state === 'paused') {
      reader.state = 'resumes';
      reader.admitted.resume(reader.gone.signal).then(
        () => Object.assign(reader, { state: 'works' }),
        () => Object.assign(reader, { state: 'paused' }),
      );
    } else if (
      reader?.admitted != null &&
      step.do === 'leave' &&
      reader.state !== 'left' &&
      reader.state !== 'resumes'
    ) {
      reader.admitted.leave();
      reader.state = 'left';
    }
    await settled();
    assert.ok(admission.working <= admission.most);
  }
  // Everybody finishes: nobody waits for ever.
  for (let round = 0; readers.some(({ state }) => state !== 'left'); round++) {
    assert.ok(round < 200, `stuck: ${readers.map(({ state }) => state).join(', ')}`);
    for (const reader of readers.filter(({ state }) => state === 'works' || state === 'paused')) {
      reader.admitted?.leave();
      reader.state = 'left';
    }
    await settled();
  }
  assert.deepEqual([admission.working, admission.waiting], [0, 0]);
}
