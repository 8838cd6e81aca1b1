import type { Access } from '../../access/access.ts';
import type { Config } from '../../config.ts';
import { diskSpace, leastSpace } from '../../embedded/disk-space.ts';
import { GatewayError } from '../../errors.ts';
import type { Health } from '../../http/operations/health.ts';
import { type FindKey, uploadKeys } from '../../http/upload/upload-keys.ts';
import type { UploadService } from '../../http/upload/upload-routes.ts';
import type { IngestContext } from '../../ingest/load/load-file.ts';
import { Uploads } from '../../ingest/upload/uploads.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { namedPrincipal } from '../../sign-in/principal.ts';

export interface OpenUploads {
  readonly uploads: Uploads;
  readonly service: UploadService;
}

/** Files that are sent over HTTP; null: nobody has keys for it. Throws an Error where the file of keys is no good. */
export function openUploads(
  context: IngestContext,
  parts: {
    readonly config: Config;
    readonly health: Health;
    readonly observe: Observe<Observation>;
    /** Where there are rules, a key has to have `ingest` by its name. */
    readonly access: Pick<Access, 'allows'>;
    /** Throws StorageFull where the disk of the database is full. */
    readonly requireSpace: () => void;
  },
): OpenUploads | null {
  const { config, health, observe, access, requireSpace } = parts;
  const { ingestKeysFile, uploadDir, uploadBytes } = config;
  if (ingestKeysFile === null) {
    return null;
  }
  const uploads = new Uploads(context, {
    folder: uploadDir,
    largest: uploadBytes,
    observe,
    mayGoOn: requireSpace,
    mayTake: async (bytes) => {
      requireSpace();
      const { free } = diskSpace(uploadDir) ?? { free: Number.POSITIVE_INFINITY };
      if (free < bytes + leastSpace) {
        throw new GatewayError('StorageFull', 'The disk for files that are uploaded has no space for this one');
      }
      // What could not be loaded now is better kept by whoever has it.
      if ((await health.unready()) === 'database') {
        throw new GatewayError('DatabaseUnavailable', 'PostgreSQL cannot be reached.');
      }
    },
  });
  const known = uploadKeys(ingestKeysFile, { setting: 'INGEST_KEYS_FILE', observe });
  const findKey: FindKey = (headers) => {
    const key = known(headers);
    const may =
      key !== null && (config.accessFile === null || access.allows(namedPrincipal('key', key.name), 'ingest'));
    return may ? key : null;
  };
  return { uploads, service: { target: uploads, findKey, observe } };
}
