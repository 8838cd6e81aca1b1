import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { eraseKeptFiles } from '../../../src/ingest/erase/erase-kept-file.ts';
import { type Erasure, erasePersons } from '../../../src/ingest/erase/erase-persons.ts';
import { type LoadOptions, loadFile } from '../../../src/ingest/load/load-file.ts';
import { personalKey } from '../../../src/ingest/personal/personal-key.ts';
import { useFeed } from '../support/feed.ts';
import { shopCatalogue } from '../support/shop.ts';

/** Orders of customers, with a set derived from them whose key is a number of the customer and whose other column is the name. */
export const catalogue: Catalogue = {
  ...shopCatalogue({
    key: { type: 'Int64' },
    properties: {
      CustomerId: { personalData: 'pseudonym' },
      Name: { personalData: 'direct' },
      Phone: { personalData: 'direct' },
      Note: { personalData: 'content' },
      Agent: { personalData: 'employee' },
      Total: { type: 'Int64' },
    },
    customers: { Name: 'CustomerId', City: 'Name' },
    customerKinds: { Name: 'pseudonym', City: 'direct' },
  }),
  personalKey: personalKey('0123456789abcdef0123456789abcdef'),
};

export const header = ['OrderId', 'CustomerId', 'Name', 'Phone', 'Note', 'Agent', 'Total', 'Twitter'];
export const asked = { source: 'acme', export: 'orders' };

/** What a test of erasures does, on a database and a drop folder of its own. */
export function useErasures() {
  const feed = useFeed(catalogue);
  const context = () => ({ catalogue, database: feed().database });
  const folders = (): readonly string[] => ['loaded', 'refused'].map((name) => path.join(feed().folder, name));
  const loaded = (name: string): string => path.join(feed().folder, 'loaded', name);
  return {
    feed,
    context,
    folders,
    /** Where a file lies that was loaded. */
    loaded,
    /** Loads a file and puts it away, as the drop folder does. */
    load: async (name: string, text: string | Buffer, options: LoadOptions & { minute?: number } = {}) => {
      const file = feed().write(name, text, options.minute ?? 0);
      const result = await loadFile(context(), file, { ...asked, ...options });
      mkdirSync(path.dirname(loaded(name)), { recursive: true });
      renameSync(file, loaded(name));
      await eraseKeptFiles(context(), { paths: [loaded(name)], source: 'acme' });
      return result;
    },
    erase: (persons: readonly string[], dryRun = false): Promise<Erasure> =>
      erasePersons(feed().database, catalogue, { persons, source: null, folders: folders(), dryRun }),
    empty: async (): Promise<void> => {
      for (const folder of folders()) {
        rmSync(folder, { recursive: true, force: true });
      }
      await feed().database.query(
        `DELETE FROM feed."AcmeOrders"; DELETE FROM feed."AcmeCustomers"; DELETE FROM gateway.reject; DELETE FROM gateway.drift; DELETE FROM gateway.load; DELETE FROM gateway.tombstones; DELETE FROM gateway.set_versions; DELETE FROM gateway.erased_token; DELETE FROM gateway.erasure; DELETE FROM gateway.rewritten_file`,
      );
    },
  };
}
