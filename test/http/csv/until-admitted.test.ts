import assert from 'node:assert/strict';
import { GatewayError } from '../../../src/errors.ts';
import { untilAdmitted } from '../../../src/http/rows/until-admitted.ts';

describe('http: rows that follow in a reply that has begun', () => {
  const busy = new GatewayError('Busy', 'The gateway is busy');
  const readAfter = (refusals: number, refusal: Error) => {
    let asked = 0;
    return async (): Promise<number> => {
      asked += 1;
      if (asked <= refusals) {
        throw refusal;
      }
      return asked;
    };
  };
  const { signal } = new AbortController();
  const place = { signal, untouched: () => true };

  it('are asked for again while the gateway is busy, for a minute and no longer', async () => {
    let waited = 0;
    const wait = async (milliseconds: number): Promise<void> => {
      waited += milliseconds;
    };
    assert.equal(await untilAdmitted(readAfter(29, busy), place, wait), 30);
    assert.equal(waited, 58_000);
    await assert.rejects(untilAdmitted(readAfter(30, busy), place, wait), busy);
  });

  it('are not, where something else is wrong or the client left', async () => {
    const down = new GatewayError('DatabaseUnavailable', 'PostgreSQL cannot be reached');
    await assert.rejects(untilAdmitted(readAfter(1, down), place), down);
    await assert.rejects(untilAdmitted(readAfter(1, busy), { signal, untouched: () => false }), busy);
    const gone = new Error('gone');
    await assert.rejects(untilAdmitted(readAfter(1, busy), { ...place, signal: AbortSignal.abort(gone) }), gone);
  });
});
