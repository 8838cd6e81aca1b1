import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { Fault, FaultPath } from './fault.ts';
import { isMapping } from './merge-documents.ts';

/** Text of one metadata file and where it lies below the metadata directory. */
export interface MetadataFile {
  /** Relative to the metadata directory, `/` as separator, e.g. `vendor/cases.yaml`. */
  readonly file: string;
  readonly text: string;
}

/** A parsed metadata file. */
export interface MetadataDocument {
  readonly file: string;
  readonly value: unknown;
  /** 1-based line of the deepest part of the path that the file has. */
  readonly lineOf: (path: FaultPath) => number | null;
}

/** Parses YAML 1.2; syntax errors, duplicate keys and aliases are faults. */
export function parseMetadata(source: MetadataFile): { document: MetadataDocument; faults: readonly Fault[] } {
  const lines = new LineCounter();
  const parsed = parseDocument(source.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const faults = parsed.errors.map(
    (error): Fault => ({
      file: source.file,
      path: [],
      line: lines.linePos(error.pos[0]).line,
      message: `This is not valid YAML: ${error.message}.`,
      remedy: 'Correct the YAML at this line.',
    }),
  );
  const lineOf = (path: FaultPath): number | null => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsetOf(parsed, path.slice(0, length));
      if (offset !== null) {
        return lines.linePos(offset).line;
      }
    }
    return path.length === 0 ? null : 1;
  };
  const value = faults.length > 0 ? null : plainValue(parsed, source, faults);
  if (faults.length === 0 && !isMapping(value)) {
    const message = value === null ? 'The file is empty.' : 'The file does not hold keys and values.';
    faults.push({
      file: source.file,
      path: [],
      line: 1,
      message,
      remedy: 'Describe a set or a source, or remove the file.',
    });
    return { document: { file: source.file, value: null, lineOf }, faults };
  }
  return { document: { file: source.file, value, lineOf }, faults };
}

/** The document as plain values; aliases are refused: they can be endless, and a metadata file has no use for them. */
function plainValue(parsed: ReturnType<typeof parseDocument>, source: MetadataFile, faults: Fault[]): unknown {
  try {
    return parsed.toJS({ maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `This document cannot be read: ${reason}.`;
    faults.push({ file: source.file, path: [], line: null, message, remedy: 'Write the values out, without aliases.' });
    return null;
  }
}

/** Start of the key at a path, or of the item where the last step is an index. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: FaultPath): number | null {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path[path.length - 1];
  if (isMap(parent)) {
    const key = parent.items.find((item) => isNode(item.key) && String(item.key) === String(last))?.key;
    return isNode(key) ? (key.range?.[0] ?? null) : null;
  }
  const node: unknown = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
