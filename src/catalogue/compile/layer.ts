import type { Report } from './draft.ts';
import type { Fault } from './fault.ts';
import { hasPath } from './merge-documents.ts';
import type { MetadataDocument } from './parse-document.ts';

/** One layer of a document: what the file says, with environment values in place. */
export interface Layer {
  readonly document: MetadataDocument;
  readonly value: unknown;
}

/** Faults at a path of the uppermost layer that has it; the line is that layer's. */
export function reporter(layers: readonly Layer[], note: (fault: Fault) => void): Report {
  return (path, message, remedy) => {
    const layer = layers.find((candidate) => hasPath(candidate.value, path)) ?? layers[0];
    if (layer === undefined) {
      return;
    }
    note({ file: layer.document.file, path, line: layer.document.lineOf(path), message, remedy });
  };
}
