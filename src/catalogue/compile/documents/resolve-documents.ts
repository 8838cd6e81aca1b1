import {
  type ExportEntry,
  exportSchema,
  inlineSourceSchema,
  type SourceEntry,
  sourceSchema,
} from '../schema/schema.ts';
import type { DraftIndex, SetDraft, SetForm, SourceDraft } from './draft.ts';
import { type Environment, environmentName, expandEnvironment } from './expand-environment.ts';
import type { Fault, FaultPath } from './fault.ts';
import { type Layer, placer, reporter } from './layer.ts';
import { isMapping, mergeDocuments } from './merge-documents.ts';
import type { MetadataDocument } from './parse-document.ts';
import { draftDeliveries } from './resolve-deliveries.ts';
import { schemaFaults } from './schema-faults.ts';
import { withOrigins } from './unify-origins.ts';

interface Folder {
  readonly name: string;
  readonly source: Layer | null;
  /** `deliveries.yaml`, where there is one. */
  readonly deliveries: Layer | null;
  readonly files: ReadonlyMap<string, Layer>;
}

interface FoundSource {
  readonly name: string;
  readonly entry: SourceEntry;
  readonly layer: Layer;
  readonly urlVariable: string | null;
  readonly deliveries: Layer | null;
  readonly files: ReadonlyMap<string, Layer>;
}

export interface Resolution {
  readonly sources: readonly SourceDraft[];
  readonly index: DraftIndex;
}

/**
 * Puts the documents together: which source each belongs to (its folder, or the `source` block inside it), what an
 * extending source takes over, and whether each is valid by itself. `note` takes every fault found on the way.
 */
export function resolveDocuments(
  documents: readonly MetadataDocument[],
  environment: Environment,
  note: (fault: Fault) => void,
): Resolution {
  const found = new Map<string, FoundSource>();
  for (const folder of folders(documents, environment, note)) {
    for (const source of sourcesOf(folder, note)) {
      const earlier = found.get(source.name);
      if (earlier === undefined) {
        found.set(source.name, source);
      } else {
        const remedy = `Give this one another name: ${earlier.layer.document.file} has it.`;
        reporter([source.layer], note)([], `There is already a source named "${source.name}".`, remedy);
      }
    }
  }
  const faulty = new Set<string>();
  const sources = [...found.values()].map((source) => draftSource(source, { found, faulty, note }));
  const prefixes = new Map(sources.map((source) => [source.name, source.entry.prefix]));
  return { sources, index: withOrigins(sources, { ...indexSets(sources), prefixes, faulty }) };
}

const baseName = (file: string): string => file.replace(/^.*\//, '').replace(/\.ya?ml$/i, '');

function folders(
  documents: readonly MetadataDocument[],
  environment: Environment,
  note: (fault: Fault) => void,
): readonly Folder[] {
  type Open = { source: Layer | null; deliveries: Layer | null; files: Map<string, Layer> };
  const byName = new Map<string, Open>();
  for (const document of documents) {
    const slash = document.file.lastIndexOf('/');
    const name = slash < 0 ? `./${baseName(document.file)}` : document.file.slice(0, slash);
    const folder = byName.get(name) ?? { source: null, deliveries: null, files: new Map<string, Layer>() };
    byName.set(name, folder);
    const layer = { document, value: expanded(document, environment, note) };
    if (slash >= 0 && baseName(document.file) === 'source') {
      folder.source = layer;
    } else if (slash >= 0 && baseName(document.file) === 'deliveries') {
      folder.deliveries = layer;
    } else {
      folder.files.set(baseName(document.file), layer);
    }
  }
  return [...byName].map(([name, folder]) => ({ name, ...folder }));
}

const optionalSettings = /^(source\.)?upstream\.(url|tokenFile|signIn\..+)$/;

function expanded(document: MetadataDocument, environment: Environment, note: (fault: Fault) => void): unknown {
  const isOptional = (path: FaultPath): boolean => optionalSettings.test(path.join('.'));
  const { value, unset } = expandEnvironment(document.value, environment, isOptional);
  for (const { path, name } of unset) {
    if (isOptional(path)) {
      continue;
    }
    const remedy = `Set ${name}, or write \${${name}:-default}.`;
    const message = `The environment does not give ${name}.`;
    note({ file: document.file, path, line: document.lineOf(path), message, remedy });
  }
  return value;
}

function sourcesOf(folder: Folder, note: (fault: Fault) => void): readonly FoundSource[] {
  const inline = [...folder.files.values()].filter((layer) => isMapping(layer.value) && 'source' in layer.value);
  if (folder.source !== null) {
    for (const layer of inline) {
      const message = 'This folder has a source.yaml, so its files belong to that source.';
      reporter([layer], note)(['source'], message, 'Remove this block, or move the file out of the folder.');
    }
    const entry = validSource(folder.source, [], note);
    if (entry !== null) {
      return [found(folder.name, entry, { ...folder, source: folder.source })];
    }
    checkOrphans(folder, note);
    return [];
  }
  if (inline.length === 0) {
    const message = 'This file belongs to no source.';
    const remedy = 'Put a source.yaml beside it, or a source block into it.';
    for (const layer of [...folder.files.values(), ...[folder.deliveries ?? []].flat()]) {
      reporter([layer], note)([], message, remedy);
    }
    return [];
  }
  if (inline.length > 1) {
    for (const layer of inline.slice(1)) {
      const message = 'Another file of this folder has a source block.';
      reporter([layer], note)(['source'], message, 'Keep one of them, or put the files into folders of their own.');
    }
  }
  const layer = inline[0];
  const entry = layer === undefined ? null : validSource(layer, ['source'], note);
  return entry === null || layer === undefined ? [] : [found(inlineName(layer), entry, { ...folder, source: layer })];
}

/** The files of a source that is at fault are looked at all the same, so that all faults are told at once. */
function checkOrphans(folder: Folder, note: (fault: Fault) => void): void {
  const extending = isMapping(folder.source?.value) && 'extends' in folder.source.value;
  for (const layer of extending ? [] : folder.files.values()) {
    const result = exportSchema.safeParse(layer.value);
    if (result.success || layer.value === null) {
      continue;
    }
    for (const fault of schemaFaults(result.error)) {
      reporter([layer], note)(fault.path, fault.message, fault.remedy);
    }
  }
}

function inlineName(layer: Layer): string {
  const block = isMapping(layer.value) ? layer.value['source'] : null;
  return isMapping(block) && typeof block['name'] === 'string' ? block['name'] : baseName(layer.document.file);
}

function found(name: string, entry: SourceEntry, folder: Pick<Folder, 'files' | 'deliveries'> & { source: Layer }) {
  const { source: layer, files, deliveries } = folder;
  const raw = isMapping(layer.document.value) ? (layer.document.value['source'] ?? layer.document.value) : null;
  const settings = isMapping(raw) ? raw['upstream'] : null;
  const urlVariable = environmentName(isMapping(settings) ? settings['url'] : null);
  return { name, entry, layer, files, deliveries, urlVariable };
}

function validSource(layer: Layer, path: FaultPath, note: (fault: Fault) => void): SourceEntry | null {
  const report = reporter([layer], note);
  const inline = path.length > 0;
  const value = inline && isMapping(layer.value) ? layer.value['source'] : layer.value;
  const result = (inline ? inlineSourceSchema : sourceSchema).safeParse(value);
  if (result.success) {
    return result.data;
  }
  for (const fault of schemaFaults(result.error)) {
    report([...path, ...fault.path], fault.message, fault.remedy);
  }
  return null;
}

interface DraftContext {
  readonly found: ReadonlyMap<string, FoundSource>;
  readonly faulty: Set<string>;
  readonly note: (fault: Fault) => void;
}

function draftSource(source: FoundSource, context: DraftContext): SourceDraft {
  const report = reporter([source.layer], context.note);
  const sourcePath = source.layer.document.file.endsWith('source.yaml') ? [] : ['source'];
  const extended = source.entry.extends === undefined ? null : context.found.get(source.entry.extends);
  if (extended === undefined) {
    const known = [...context.found.keys()].filter((name) => name !== source.name).join(', ');
    report(
      [...sourcePath, 'extends'],
      `There is no source "${source.entry.extends}" to extend.`,
      `Use one of: ${known}.`,
    );
  }
  if (extended?.entry.extends !== undefined) {
    const message = `"${extended.name}" extends another source itself.`;
    report([...sourcePath, 'extends'], message, `Extend "${extended.entry.extends}" instead: one step only.`);
  }
  const entry: SourceEntry = {
    ...source.entry,
    files: { ...(extended?.entry.files ?? {}), ...(source.entry.files ?? {}) },
    ...(extended?.entry.delivery === undefined
      ? {}
      : { delivery: { ...extended.entry.delivery, ...(source.entry.delivery ?? {}) } }),
    ...(extended?.entry.retention === undefined
      ? {}
      : { retention: { ...extended.entry.retention, ...(source.entry.retention ?? {}) } }),
    ...(extended?.entry.personalData === undefined
      ? {}
      : { personalData: { ...extended.entry.personalData, ...(source.entry.personalData ?? {}) } }),
  };
  const names = new Set([...(extended?.files.keys() ?? []), ...source.files.keys()]);
  const sets = [...names].flatMap((name) => {
    const layers = [source.files.get(name), extended?.files.get(name)].filter((layer) => layer !== undefined);
    const draft = draftSet(name, { ...source, entry }, layers, context);
    return draft === null ? [] : [draft];
  });
  return {
    name: source.name,
    entry,
    report: (path, message, remedy) => report([...sourcePath, ...path], message, remedy),
    urlVariable: source.urlVariable,
    sets,
    deliveries: draftDeliveries(
      { entries: source.entry.deliveries, layer: source.layer, path: sourcePath },
      source.deliveries,
      context.note,
    ),
  };
}

function draftSet(name: string, source: FoundSource, layers: readonly Layer[], context: DraftContext): SetDraft | null {
  const report = reporter(layers, context.note);
  const [upper, lower] = layers.map((layer) => layer.value);
  const value = mergeDocuments(lower, upper);
  const result = exportSchema.safeParse(value);
  if (!result.success) {
    const set = isMapping(value) ? value['set'] : null;
    if (typeof set === 'string') {
      context.faulty.add(source.entry.prefix + set);
    }
    if (value !== null) {
      for (const fault of schemaFaults(result.error)) {
        report(fault.path, fault.message, fault.remedy);
      }
    }
    return null;
  }
  const entry = result.data;
  return {
    name,
    source: source.name,
    setName: source.entry.prefix + entry.set,
    typeName: source.entry.prefix + (entry.entity ?? entry.set),
    form: formOf(entry, source.entry),
    entry,
    report,
    placeOf: placer(layers),
  };
}

function formOf(entry: ExportEntry, source: SourceEntry): SetForm {
  if (entry.rows !== undefined) {
    return 'rows';
  }
  if (entry.bridge !== undefined) {
    return 'bridge';
  }
  if (entry.dimension !== undefined) {
    return 'dimension';
  }
  if (entry.calendar !== undefined) {
    return 'calendar';
  }
  const forms = { odata: 'upstream', files: 'export', unified: 'unified' } as const;
  return forms[source.kind];
}

function indexSets(sources: readonly SourceDraft[]): Pick<DraftIndex, 'sets' | 'doubles'> {
  const doubles: SetDraft[] = [];
  const sets = new Map<string, SetDraft>();
  const folded = new Map<string, string>();
  // What is over all sources comes first in every list.
  const ordered = [...sources].sort((a, b) => Number(b.entry.kind === 'unified') - Number(a.entry.kind === 'unified'));
  for (const draft of ordered.flatMap((source) => source.sets)) {
    const earlier = folded.get(draft.setName.toLowerCase());
    if (earlier !== undefined) {
      const message = `There is already a set ${earlier}${earlier === draft.setName ? '' : ', which differs only in case'}.`;
      draft.report(['set'], message, 'Choose another name.');
      doubles.push(draft);
      continue;
    }
    folded.set(draft.setName.toLowerCase(), draft.setName);
    sets.set(draft.setName, draft);
  }
  return { sets, doubles };
}
