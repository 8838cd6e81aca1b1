import type { Report } from './draft.ts';
import { type Fault, type FaultPath, pathText } from './fault.ts';
import { hasPath } from './merge-documents.ts';
import type { MetadataDocument } from './parse-document.ts';

/** One layer of a document: what the file says, with environment values in place. */
export interface Layer {
  readonly document: MetadataDocument;
  readonly value: unknown;
}

const layerOf = (layers: readonly Layer[], path: FaultPath): Layer | undefined =>
  layers.find((candidate) => hasPath(candidate.value, path)) ?? layers[0];

/** File and line of a path, as they stand before the message of a fault. */
export function placer(layers: readonly Layer[]): (path: FaultPath) => string {
  return (path) => {
    const document = layerOf(layers, path)?.document;
    const line = document?.lineOf(path) ?? null;
    return `${document?.file ?? ''}${line === null ? '' : `:${line}`} ${pathText(path)}`;
  };
}

/** Faults at a path of the uppermost layer that has it; the line is that layer's. */
export function reporter(layers: readonly Layer[], note: (fault: Fault) => void): Report {
  return (path, message, remedy) => {
    const layer = layerOf(layers, path);
    if (layer === undefined) {
      return;
    }
    note({ file: layer.document.file, path, line: layer.document.lineOf(path), message, remedy });
  };
}
