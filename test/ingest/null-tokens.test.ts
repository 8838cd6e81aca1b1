import assert from 'node:assert/strict';
import { exportFile, useFeed } from './support/feed.ts';

describe('null tokens', () => {
  const feed = useFeed();

  it('are a gap in a cell that a machine wrote, and a text in one that a person wrote', async () => {
    const file = exportFile('sparkcentral/messages', [
      { MessageId: 'm1', Content: 'NULL', TeamName: 'NULL' },
      { MessageId: 'm2', Content: '', TeamName: 'null' },
    ]);
    const result = await feed().load('null-tokens.csv', file, { source: 'sparkcentral', export: 'messages' });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
    assert.deepEqual(
      await feed().rows(`SELECT "Content", "TeamName" FROM feed."SparkcentralMessages" ORDER BY "MessageId"`),
      [
        { Content: 'NULL', TeamName: null },
        { Content: null, TeamName: null },
      ],
    );
  });
});
