import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Draft, draftExport } from '../../src/ingest/draft/draft-export.ts';

describe('gateway draft of rows that cannot be cut into columns', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-draft-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const draftOf = (text: string): Promise<Draft> => {
    const file = path.join(folder, 'things.csv');
    writeFileSync(file, text);
    const order = { source: 'acme', name: null, metadata: [], environment: {}, inline: false };
    return draftExport({ ...order, paths: [file] });
  };
  const broken = ({ notes }: Draft) => notes.filter((note) => /rejected|refused/.test(note));

  it('tells them as a load counts them: a cell below a column without a name, a NUL', async () => {
    const few = await draftOf('Id,Name,\n1,a,\n2,b,y\n3,c,\n');
    assert.deepEqual(broken(few), ['Rows that cannot be cut into columns, and will be rejected: 1 TOO_MANY_FIELDS.']);
  });

  it('tells a file that a load will refuse for them', async () => {
    const all = await draftOf('Id,Name,\n1,a,x\n2,b,y\n3,c\0,\n');
    assert.deepEqual(broken(all), [
      'Rows that cannot be cut into columns, and will be rejected: 2 TOO_MANY_FIELDS, 1 NUL_CHARACTER.',
      'things.csv will be refused as a whole because of these (TooManyRejects).',
    ]);
    assert.match(all.documents.at(-1)?.text ?? '', /^# things\.csv will be refused as a whole/m);
  });
});
