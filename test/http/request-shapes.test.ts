import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('request-shapes/compare-shapes.ts', import.meta.url));
const kinds = {
  'a page': 'Cases?$select=Id',
  'a filtered, ordered page with its count': 'Cases?$filter=Id ne null&$orderby=Id desc&$top=5&$count=true',
  'a count': 'Cases/$count?$filter=Id ne null',
  'an expand': 'Cases?$expand=Messages($top=2)',
  'an aggregation': 'Cases?$apply=groupby((Id),aggregate($count as Count))',
  CSV: 'Cases?$format=csv',
} as const;
const urlOf = (query: string): string => `/odata/${query.replaceAll(' ', '%20')}`;

describe('what a request is made to', () => {
  let differences: Readonly<Record<string, readonly string[]>>;
  before(async () => {
    const urls = Object.values(kinds).map(urlOf);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...urls]);
    differences = JSON.parse(stdout);
  });

  for (const [what, query] of Object.entries(kinds)) {
    it(`has one shape for all requests of a kind: ${what}`, () => {
      assert.deepEqual(differences[urlOf(query)], []);
    });
  }
});
