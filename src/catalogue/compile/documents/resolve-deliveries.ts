import { type DeliveryEntry, deliveriesSchema } from '../schema/delivery-schema.ts';
import type { DeliveryDraft } from './draft.ts';
import type { Fault, FaultPath } from './fault.ts';
import { type Layer, reporter } from './layer.ts';
import { schemaFaults } from './schema-faults.ts';

/** Deliveries that a source states itself, and where. */
interface Stated {
  readonly entries: readonly DeliveryEntry[] | undefined;
  readonly layer: Layer;
  readonly path: FaultPath;
}

/** The deliveries of a source: those of its own document, then those of the file `deliveries.yaml` beside it. */
export function draftDeliveries(
  own: Stated,
  beside: Layer | null,
  note: (fault: Fault) => void,
): readonly DeliveryDraft[] {
  if (beside === null || beside.value === null) {
    return draftsOf(own, note);
  }
  const result = deliveriesSchema.safeParse(beside.value);
  if (!result.success) {
    for (const fault of schemaFaults(result.error)) {
      reporter([beside], note)(fault.path, fault.message, fault.remedy);
    }
    return draftsOf(own, note);
  }
  return [...draftsOf(own, note), ...draftsOf({ entries: result.data.deliveries, layer: beside, path: [] }, note)];
}

function draftsOf({ entries = [], layer, path }: Stated, note: (fault: Fault) => void): readonly DeliveryDraft[] {
  return entries.map((entry, index) => ({
    entry,
    report: (inner, message, remedy) =>
      reporter([layer], note)([...path, 'deliveries', index, ...inner], message, remedy),
  }));
}
