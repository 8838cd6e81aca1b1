import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FolderDelivery } from '../../src/ingest/delivery/folder.ts';
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

deliveryKit('a server in memory', () => {
  const server = new MemoryServer();
  return {
    open: () => new MemoryDelivery(server),
    put: (name, text) => server.put(name, text),
    place: (name) => server.get(name)?.place ?? 'arriving',
  };
});
