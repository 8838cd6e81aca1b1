import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rejectCodes } from '../../src/ingest/csv/reject-codes.ts';

describe('Reject codes', () => {
  it('are the ones docs/ingest.md explains', () => {
    const section = readFileSync('docs/ingest.md', 'utf8').split('## Rejected rows')[1]?.split('\n## ')[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const documented = rows.flatMap((line) =>
      [...(line.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code),
    );
    deepEqual(documented.sort(), Object.keys(rejectCodes).sort());
  });
});
