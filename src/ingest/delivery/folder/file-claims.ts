import type { Database } from '../../../warehouse/database.ts';
import type { FoundFile } from './find-files.ts';

/** Lets a claimed file go. */
export type Release = () => Promise<void>;

/**
 * Claims a file for this gateway, among all that use the database: from the look at it until it is put away, nobody else takes it in. Resolves to null,
 * without a wait, where another one has it in hand. What tells a file is what the ledger has of it, so gateways may see one folder under different paths.
 * Gone with the connection that holds it. Throws GatewayError DatabaseUnavailable.
 */
export function claimFile(
  database: Pick<Database, 'exclusively'>,
  { below, size, modifiedMs }: Pick<FoundFile, 'below' | 'size' | 'modifiedMs'>,
): Promise<Release | null> {
  return new Promise((resolve, reject) => {
    const hold = (): Promise<true> =>
      new Promise((letGo) => {
        resolve(async () => {
          letGo(true);
          await held;
        });
      });
    const held = database.exclusively(`file ${size} ${modifiedMs} ${below}`, hold);
    held.then((done) => done ?? resolve(null), reject);
  });
}
