import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FolderDelivery } from '../../src/ingest/delivery/folder/folder.ts';
import { UploadDelivery } from '../../src/ingest/upload/upload-delivery.ts';
import { deliveryKit } from './support/delivery-kit.ts';
import { MemoryDelivery, MemoryServer } from './support/memory-delivery.ts';

deliveryKit('the drop folder', (feed) => {
  const root = mkdtempSync(path.join(feed.folder, 'drop-'));
  mkdirSync(root, { recursive: true });
  const named = (folder: string, name: string): boolean =>
    existsSync(path.join(root, folder)) && readdirSync(path.join(root, folder)).includes(name);
  return {
    open: () => new FolderDelivery(feed, root, { settle: 0, minimumAge: 0 }),
    put: (name, text) => writeFileSync(path.join(root, name), text),
    place: (name) => {
      if (existsSync(path.join(root, name))) {
        return 'arriving';
      }
      return named('loaded', name) ? 'accepted' : 'refused';
    },
  };
});

deliveryKit('uploads', (feed) => {
  const root = mkdtempSync(path.join(feed.folder, 'uploads-'));
  const waits = path.join(root, 'arriving');
  const startedAt = '2026-01-01T00:00:00.000Z';
  return {
    open: () => new UploadDelivery(root),
    // As its last byte leaves it: with what was said of it beside it, where the program may have ended at once.
    put: (name, text) => {
      const id = randomUUID();
      const facts = {
        source: 'tracebuzz',
        name,
        export: null,
        period: null,
        sha256: null,
        total: null,
        modifiedAt: null,
      };
      mkdirSync(path.join(waits, id), { recursive: true });
      writeFileSync(path.join(waits, id, name), text);
      writeFileSync(path.join(waits, `${id}.json`), JSON.stringify({ ...facts, startedAt }));
    },
    place: (name) => {
      const arriving = readdirSync(waits, { recursive: true, withFileTypes: true });
      if (arriving.some((entry) => entry.isFile() && entry.name === name)) {
        return 'arriving';
      }
      return existsSync(path.join(root, 'loaded', 'tracebuzz', name)) ? 'accepted' : 'refused';
    },
  };
});

deliveryKit('a server in memory', () => {
  const server = new MemoryServer();
  return {
    open: () => new MemoryDelivery(server),
    put: (name, text) => server.put(name, text),
    place: (name) => server.get(name)?.place ?? 'arriving',
  };
});
