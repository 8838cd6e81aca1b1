import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { type Fault, type FaultPath, faultText } from '../catalogue/compile/documents/fault.ts';
import { parseMetadata } from '../catalogue/compile/documents/parse-document.ts';
import { schemaFaults } from '../catalogue/compile/documents/schema-faults.ts';
import { GatewayError } from '../errors.ts';
import { bindGrants } from '../plan/bind/grants.ts';
import { perhaps } from '../plan/bind/names.ts';
import { type AccessDocument, accessSchema, type ReadDocument, type RoleDocument } from './access-schema.ts';
import { ruleOf, setsOf } from './role-rules.ts';
import { claimTypes, withoutUser } from './user-claims.ts';

/** What a file of rules says; null: it has faults. */
export interface ReadAccess {
  readonly document: AccessDocument | null;
  /** One sentence each, with file, line and place. */
  readonly faults: readonly string[];
  /** What cannot be told before a proxied feed has said which properties it has. */
  readonly warnings: readonly string[];
}

/** Reads `ACCESS_FILE` against what the metadata documents: all faults at once. */
export function readAccess(file: string, catalogue: Catalogue): ReadAccess {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { document: null, faults: [`${file} cannot be read: ${reason}`], warnings: [] };
  }
  return parseAccess({ file: path.basename(file), text }, catalogue);
}

export function parseAccess(
  source: { readonly file: string; readonly text: string },
  catalogue: Catalogue,
): ReadAccess {
  const { document, faults } = parseMetadata(source);
  const at = (place: FaultPath, message: string, remedy: string): string =>
    faultText({ file: source.file, path: place, line: document.lineOf(place), message, remedy });
  if (faults.length > 0) {
    return { document: null, faults: faults.map((fault: Fault) => faultText(fault)), warnings: [] };
  }
  const parsed = accessSchema.safeParse(document.value);
  if (!parsed.success) {
    const wrong = schemaFaults(parsed.error).map((one) => at(one.path, one.message, one.remedy));
    return { document: null, faults: wrong, warnings: [] };
  }
  const found = Object.entries(parsed.data.roles).flatMap(([name, role]) =>
    (role.read ?? []).flatMap((read, index) => entryFaults(read, role, catalogue).map((one) => ({ one, name, index }))),
  );
  const texts = found.map(({ one, name, index }) => ({
    text: at(['roles', name, 'read', index], one.message, one.remedy),
    later: one.later,
  }));
  const wrong = texts.filter(({ later }) => !later).map(({ text }) => text);
  const warnings = texts.filter(({ later }) => later).map(({ text }) => text);
  return { document: wrong.length === 0 ? parsed.data : null, faults: wrong, warnings };
}

interface EntryFault {
  readonly message: string;
  readonly remedy: string;
  /** A proxied feed may have what its document does not name. */
  readonly later: boolean;
}

function entryFaults(read: ReadDocument, role: RoleDocument, catalogue: Catalogue): readonly EntryFault[] {
  const found: EntryFault[] = [];
  for (const source of read.sources ?? []) {
    if (!catalogue.sources.has(source)) {
      const message = `There is no source '${source}'.${perhaps(source, catalogue.sources.keys())}`;
      found.push({ message, remedy: 'Name a folder of the metadata.', later: false });
    }
  }
  for (const name of read.except ?? []) {
    if (!catalogue.sets.has(name)) {
      const message = `There is no entity set '${name}'.${perhaps(name, catalogue.sets.keys())}`;
      found.push({ message, remedy: 'Correct the name.', later: false });
    }
  }
  if ((role.operations?.includes('read') ?? true) === false) {
    found.push({ message: 'The role may not read.', remedy: "Add 'read' to its operations.", later: false });
  }
  for (const name of setsOf(read, role, catalogue)) {
    const set = catalogue.model.entitySets.get(name);
    if (set === undefined) {
      if (catalogue.withheld?.has(name) !== true) {
        const message = `There is no entity set '${name}'.${perhaps(name, catalogue.model.entitySets.keys())}`;
        found.push({ message, remedy: 'Correct the name.', later: false });
      }
      continue;
    }
    try {
      const rule = ruleOf(read, role, set);
      const condition = withoutUser(read.rows ?? 'true');
      claimTypes(condition, (aliases) => {
        bindGrants(new Map([[name, { ...rule, rows: condition.text, aliases }]]), catalogue);
      });
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      const later = catalogue.sets.get(name)?.kind === 'upstream';
      found.push({ message: error.message, remedy: 'Correct the entry, or say it of other sets.', later });
    }
  }
  return found;
}
