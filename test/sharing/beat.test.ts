import assert from 'node:assert/strict';
import { Beat } from '../../src/commands/sharing/beat.ts';
import type { QueryResult } from '../../src/warehouse/database.ts';

/** Beats of a gateway among so many others, which come when the test wants them. */
function beatAmong(others: number): { readonly beat: Beat; readonly told: string[] } {
  const told: string[] = [];
  const query = <Row>(text: string): Promise<QueryResult<Row>> => {
    const isLast = text.startsWith('DELETE');
    told.push(isLast ? 'gone' : 'lives');
    return Promise.resolve({ rows: isLast ? [] : [{ others } as Row], rowCount: isLast ? 0 : 1 });
  };
  const beat = new Beat({ query }, { version: '0', pause: 1_000_000 });
  beat.add(async () => void told.push('worked'));
  return { beat, told };
}

describe('the heartbeat of several gateways', () => {
  it('tells the others what they were not told yet before it ends', async () => {
    const { beat, told } = beatAmong(1);
    await beat.start();
    await beat.close();
    assert.deepEqual(told, ['lives', 'lives', 'worked', 'gone']);
  });

  it('of a gateway that is alone ends at once', async () => {
    const { beat, told } = beatAmong(0);
    await beat.start();
    await beat.close();
    assert.deepEqual(told, ['lives', 'gone']);
  });
});
