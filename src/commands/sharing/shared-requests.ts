import { createHash } from 'node:crypto';
import { keptRequestSchema, type SharedRequests } from '../../http/async/shared-requests.ts';
import { serviceLimits } from '../../http/limits.ts';
import type { Database } from '../../warehouse/database.ts';
import {
  findRequest,
  noteRequest,
  remainingRequests,
  removeRequest,
  removeRequestsOf,
  requestEnded,
} from '../../warehouse/shared/async-requests.ts';
import type { Beat } from './beat.ts';

/**
 * Requests that are answered later, in the database. Also while this gateway is alone: another one may be asked before this one knows that it has come.
 */
export function shareRequests(database: Database, beat: Beat): SharedRequests {
  const { keptFor, kept, keptEach = kept } = serviceLimits.async;
  const seconds = keptFor / 1000;
  return {
    note: (token, { owner, holder, request, running }) =>
      noteRequest(
        database,
        { key: digest(token), owner, holder, request: JSON.stringify(request), running },
        { instance: beat.id, most: keptEach, seconds },
      ),
    // Where it cannot be said, whoever asks takes it up when this gateway is gone.
    ended: (token) => requestEnded(database, digest(token), seconds).catch(() => {}),
    async find(token) {
      const found = await findRequest(database, digest(token));
      return found === null ? null : { ...found, request: keptRequestSchema.parse(found.request) };
    },
    remove: (token) => removeRequest(database, digest(token)),
    removeAll: () => removeRequestsOf(database, beat.id),
    async remaining(tokens) {
      const there = await remainingRequests(database, tokens.map(digest));
      return new Set(tokens.filter((token) => there.has(digest(token))));
    },
    onBeat: (work) =>
      beat.add(async (others) => {
        if (others > 0) {
          await work();
        }
      }),
  };
}

/** A token is a secret: who reads the table has none. */
const digest = (token: string): string => createHash('sha256').update(token).digest('base64url');
