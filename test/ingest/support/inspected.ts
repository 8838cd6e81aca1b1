import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { examineFile } from '../../../src/ingest/csv/file-facts.ts';
import type { TextRecord } from '../../../src/ingest/csv/read-records.ts';
import { dataRows } from '../../../src/ingest/identify/data-rows.ts';
import { identifyFile } from '../../../src/ingest/identify/identify-file.ts';
import { type InspectOptions, inspectFile } from '../../../src/ingest/load/inspect-file.ts';
import { catalogue } from './feed.ts';

/** The labels of one source by their headers; `ca7` are the attributes of contacts, whose keys are texts. */
export const l9 = 'ID,NAME,CATEGORY_ID,DESCRIPTION,WORDS,PROFILES,WEBSITES,PROFILE_INFO,LOCATION_ID';
export const ca7 = (
  catalogue.exports.find((one) => `${one.source}/${one.name}` === 'sparkcentral/contact-attributes')?.columns ?? []
)
  .map((column) => column.headers[0]?.text)
  .join(',');

export const labels = { source: 'tracebuzz', export: 'labels' } as const;
export const attributes = { source: 'sparkcentral', export: 'contact-attributes' } as const;

/** Looks into files as `gateway inspect` does, which reads them as a load does. */
export function useFiles() {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-files-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (content: string | Uint8Array, name = 'a file.csv'): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    write,
    inspect: (content: string | Uint8Array, options: InspectOptions = labels, name = 'a file.csv') =>
      inspectFile(write(content, name), catalogue, options),
    /** The rows of a file that a load would take to its converter. */
    async rows(content: string | Uint8Array, options: InspectOptions = labels): Promise<readonly TextRecord[]> {
      const facts = await examineFile(write(content));
      const identified = await identifyFile(catalogue, facts, options);
      const found: TextRecord[] = [];
      for await (const batch of dataRows(facts, identified).records) {
        found.push(...batch);
      }
      return found;
    },
  };
}
