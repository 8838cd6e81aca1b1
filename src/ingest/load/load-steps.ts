import type { IngestEvent, LoadStep } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';

/** Tells that a step of a load has ended, and how long it took: since the one before, or since this was made. `rows`: those it was about. */
export type TellStep = (step: LoadStep, rows?: number) => void;

export function loadSteps(file: string, observe: Observe<IngestEvent>): TellStep {
  let from = performance.now();
  return (step, rows) => {
    const now = performance.now();
    observe({ event: 'load-step', file, step, rows: rows ?? null, milliseconds: Math.round(now - from) });
    from = now;
  };
}
