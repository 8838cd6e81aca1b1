import type { SetBinding } from '../../catalogue.ts';
import type { DeliveryEntry } from '../schema/delivery-schema.ts';
import type { ExportEntry, SourceEntry } from '../schema/schema.ts';
import type { FaultPath } from './fault.ts';

/** Notes a fault at a place of the document at hand. */
export type Report = (path: FaultPath, message: string, remedy: string) => void;

/** A source with its own and its inherited set documents, each valid by itself. */
export interface SourceDraft {
  readonly name: string;
  readonly entry: SourceEntry;
  readonly report: Report;
  /** Environment variable that the upstream URL refers to. */
  readonly urlVariable: string | null;
  readonly sets: readonly SetDraft[];
  /** Its own ones: those of a source that it extends are asked for that one. */
  readonly deliveries: readonly DeliveryDraft[];
}

/** A server of a source, and where it stands: in `source.yaml` or in `deliveries.yaml`. */
export interface DeliveryDraft {
  readonly entry: DeliveryEntry;
  readonly report: Report;
}

/** One entity set as its document says, before anything is looked up. */
export interface SetDraft {
  /** File name without its ending: the export's name. */
  readonly name: string;
  readonly source: string;
  /** With the prefix of the source. */
  readonly setName: string;
  readonly typeName: string;
  readonly form: SetForm;
  readonly entry: ExportEntry;
  readonly report: Report;
  /** File and line of a path, for messages. */
  readonly placeOf: (path: FaultPath) => string;
}

/** Where the rows of a set come from. */
export type SetForm = 'export' | 'rows' | 'bridge' | 'dimension' | 'unified' | 'calendar' | 'upstream';

/** All sets by name, and the names of sets whose own document is at fault, so that nobody is blamed for naming them. */
export interface DraftIndex {
  readonly sets: ReadonlyMap<string, SetDraft>;
  /** Sets whose name another one has; checked, but not part of the catalogue. */
  readonly doubles: readonly SetDraft[];
  readonly prefixes: ReadonlyMap<string, string>;
  readonly faulty: ReadonlySet<string>;
  /** The source of the sets over all sources; null: there are none, and what sets say of themselves for them is without effect. */
  readonly unified: UnifiedSource | null;
}

export interface UnifiedSource {
  readonly name: string;
  /** By source: the one that it extends, or itself. Sources of one product give the same ids to the same things. */
  readonly products: ReadonlyMap<string, string>;
  /** By source: its place among those that a customer moved between; smaller ones count. */
  readonly precedence: ReadonlyMap<string, number>;
}

export const isStored = (form: SetForm): boolean => form !== 'upstream';

export const isUpstream = (binding: SetBinding): boolean => binding.kind === 'upstream';

/** The full name that a reference means, seen from a source: `Users` or `vendor.Users`; null: no such source. */
export function resolveSetName(index: DraftIndex, source: string, reference: string): string | null {
  const [first = '', second] = reference.split('.');
  const prefix = index.prefixes.get(second === undefined ? source : first);
  return prefix === undefined ? null : prefix + (second ?? first);
}
