import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
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
  // The parsed nodes take some twenty times the memory of their places, and a catalogue has more than a hundred files.
  const places = placesOf(parsed.contents, (offset) => lines.linePos(offset).line);
  const lineOf = (path: FaultPath): number | null => (path.length === 0 ? null : (deepestLine(places, path) ?? 1));
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

/** Line of a value's key, or of the item of a list, and what is in the value; a line alone: nothing is. */
type Place = number | { readonly line: number; readonly parts: ReadonlyMap<string, Place> };

/** Places of what is in a node, by key or index; null: nothing is. */
function placesOf(node: unknown, lineAt: (offset: number) => number): ReadonlyMap<string, Place> | null {
  if (!isMap(node) && !isSeq(node)) {
    return null;
  }
  const parts = new Map<string, Place>();
  for (const [index, item] of node.items.entries()) {
    const [name, start, value] = isPair(item) ? [item.key, item.key, item.value] : [index, item, item];
    const offset = isNode(start) ? start.range?.[0] : undefined;
    const key = isScalar(name) ? String(name.value) : String(name);
    if (offset !== undefined && !parts.has(key)) {
      const [line, inside] = [lineAt(offset), placesOf(value, lineAt)];
      parts.set(key, inside === null ? line : { line, parts: inside });
    }
  }
  return parts;
}

/** Line of the deepest part of the path that is there; null: none is. */
function deepestLine(places: ReadonlyMap<string, Place> | null, path: FaultPath): number | null {
  let [parts, line]: [ReadonlyMap<string, Place> | null, number | null] = [places, null];
  for (const step of path) {
    const place = parts?.get(String(step));
    if (place === undefined) {
      break;
    }
    [line, parts] = typeof place === 'number' ? [place, null] : [place.line, place.parts];
  }
  return line;
}
