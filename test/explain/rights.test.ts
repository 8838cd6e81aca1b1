import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { explainCommand } from '../../src/commands/explain/explain.ts';
import { readConfig } from '../../src/config.ts';
import type { Feed } from '../../src/http/feed.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { everything } from '../../src/plan/grants.ts';
import { metadataFolder } from '../support/gateway.ts';

/** Nobody configures rights yet: these are made up. */
describe('gateway explain with rights', () => {
  const rules = new Map([['TracebuzzCases', { rows: 'CaseId gt 100', properties: ['CaseId'] }]]);
  const grantsOf: Feed['grantsOf'] = (user, catalogue) => (user === null ? everything : bindGrants(rules, catalogue));

  async function explained(url: string, as?: string): Promise<string> {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'explain-'));
    const printed: string[] = [];
    const surroundings = {
      config: readConfig({ DATA_DIR: dataDir, METADATA_DIR: metadataFolder }),
      environment: {},
      print: (line: string) => void printed.push(line),
      progress: () => undefined,
      observe: unobserved,
    };
    try {
      await explainCommand(surroundings, url, { values: true, ...(as === undefined ? {} : { as }) }, grantsOf);
      return printed.join('\n');
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  }

  it('says the plan, the same of the rows that may be seen, and the statement of those', async () => {
    const output = await explained('TracebuzzCases?$top=1', 'jan');
    assert.match(output, /^Plan\n {2}Collection TracebuzzCases page 20000\n {4}top 1$/m);
    assert.match(
      output,
      /^Plan of the rows that may be seen\n(?: {2}.*\n)*? {4}rows of TracebuzzCases \(gt CaseId '100':Int64\)/m,
    );
    assert.match(output, /^Statement: rows of the page\n(?: {2}.*\n)*? {2}.*"CaseId" > '?100/m);
  });

  it('knows no name that is hidden, and says one plan where nothing is', async () => {
    await assert.rejects(explained('TracebuzzCases?$select=ExternalId', 'jan'), { code: 'UnknownProperty' });
    assert.doesNotMatch(await explained('TracebuzzCases?$select=ExternalId'), /may be seen/);
  });
});
