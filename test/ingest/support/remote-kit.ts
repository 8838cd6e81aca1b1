import { existsSync, mkdtempSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DeliverySettings } from '../../../src/catalogue/delivery-settings.ts';
import { RemoteDelivery } from '../../../src/ingest/remote/remote-delivery.ts';
import type { RemoteServer } from '../../../src/ingest/remote/remote-server.ts';
import type { DeliveryUnderTest } from './delivery-kit.ts';
import type { Feed } from './feed.ts';
import { serverOf, upload } from './remote.ts';

/** A delivery over a server's folder for the kit; files arrive in its folder `in`. */
export function remoteUnderTest(
  feed: Feed,
  root: string,
  settings: DeliverySettings,
  server: RemoteServer = serverOf(settings),
): DeliveryUnderTest {
  const keepIn = mkdtempSync(path.join(feed.folder, 'kept-'));
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    open: () => new RemoteDelivery(feed, settings, server, { keepIn, delays: [5, 10] }),
    put: (name, text) => upload(root, name, text),
    place: async (name) => {
      const kept = (folder: string): boolean => existsSync(path.join(keepIn, folder, settings.source, name));
      if (!existsSync(at('in', name))) {
        return kept('loaded') ? 'accepted' : 'refused';
      }
      const { size } = statSync(at('in', name));
      const [row] = await feed.rows<{ state: 'accepted' | 'refused' | 'waits' }>(
        `SELECT state FROM gateway.delivery_file WHERE delivery = '${settings.id}' AND path = '${name}' AND size_bytes = ${size}`,
      );
      // What is to leave the server and has not is not put away.
      const stays = row?.state === 'refused' || settings.afterLoad === 'leave';
      return row === undefined || row.state === 'waits' || !stays ? 'arriving' : row.state;
    },
  };
}
