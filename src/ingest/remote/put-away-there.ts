import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import type { Database } from '../../warehouse/database.ts';
import { forgetFile } from '../ledger/delivery-files.ts';
import { sameFacts } from './download.ts';
import { joinedBelow } from './listed-files.ts';
import { joinRemote, type RemoteConnection, type RemoteFacts } from './remote-server.ts';
import type { RemoteSession } from './remote-session.ts';

/** Names that are tried for a file whose own is taken where it is moved to. */
const mostNames = 1000;

/**
 * Deletes a file that was taken in, or moves it, as the delivery says; one that is not as it was when it was fetched any more stays, and
 * arrives again. Resolves to why the server refuses it; null: it is done, or there is nothing to do.
 */
export async function putAwayThere(
  session: RemoteSession,
  settings: DeliverySettings,
  file: { readonly path: string; readonly facts: RemoteFacts; readonly database: Database },
): Promise<string | null> {
  const { afterLoad, archiveDirectory, directory, id } = settings;
  if (afterLoad === 'leave') {
    return null;
  }
  const from = joinedBelow(directory, file.path);
  try {
    const done = await session.use(async (connection) => {
      const now = await connection.facts(from);
      if (now === null) {
        return true;
      }
      if (!sameFacts(now, file.facts)) {
        return false;
      }
      if (archiveDirectory === null) {
        await connection.remove(from);
      } else {
        await moveTo(connection, from, joinRemote(archiveDirectory, file.path));
      }
      return true;
    });
    if (done) {
      await forgetFile(file.database, id, file.path);
    }
    return null;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'FilePermissionDenied') {
      return error.message;
    }
    throw error;
  }
}

/** A name that is taken there gets a number: servers write over what they move onto, and it was taken in, too. */
async function moveTo(connection: RemoteConnection, from: string, wanted: string): Promise<void> {
  const slash = wanted.lastIndexOf('/');
  if (slash > 0) {
    await connection.makeDirectory(wanted.slice(0, slash));
  }
  for (let number = 1; number <= mostNames; number++) {
    const to = number === 1 ? wanted : numbered(wanted, number);
    if ((await connection.facts(to)) === null) {
      await connection.move(from, to);
      return;
    }
  }
  throw new GatewayError('FilePermissionDenied', `${wanted} is taken, with all its numbers`);
}

/** `orders (2).csv` */
function numbered(path: string, number: number): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 ? name.slice(dot) : '';
  return `${path.slice(0, path.length - ending.length)} (${number})${ending}`;
}
