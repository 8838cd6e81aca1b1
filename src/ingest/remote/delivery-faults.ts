import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { serverOf } from './delivery-rounds.ts';
import { authorities } from './ftp-server.ts';
import { type ListedFiles, listFiles } from './listed-files.ts';
import { type Environment, loginOf } from './logins.ts';
import { requireKey } from './sftp-server.ts';

/** What of a delivery is not as it must be on this machine: secrets, the private key, authorities. Connects to nothing. */
export async function deliveryFaults(
  settings: DeliverySettings,
  environment: Environment,
): Promise<readonly GatewayError[]> {
  const faults: GatewayError[] = [];
  const tried = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        throw error;
      }
      faults.push(error);
    }
  };
  await tried(async () => requireKey(settings, await loginOf(settings, environment)));
  await tried(() => authorities(settings));
  return faults;
}

/** Connects once, and lists. Throws what ends a round early. */
export async function tryDelivery(
  settings: DeliverySettings,
  environment: Environment,
  catalogue: Catalogue,
): Promise<ListedFiles> {
  const connection = await serverOf(settings, await loginOf(settings, environment)).connect();
  try {
    return await listFiles(connection, settings, catalogue);
  } finally {
    await connection.close();
  }
}
