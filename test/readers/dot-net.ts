import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadedFeed } from '../conformance/loaded-feed.ts';
import { type Collected, collect, collectDeltas, deltaLinks } from './collect.ts';
import { everyType } from './every-type.ts';
import { collectProxied } from './proxied.ts';
import { build, read, restoredVersions } from './readers.ts';

interface Limit {
  readonly version: RegExp;
  readonly url: RegExp;
  readonly fault: RegExp;
}

/** What versions of the library cannot read, whoever serves it; docs/power-bi.md tells it. */
const ownLimits: readonly Limit[] = [
  // Its validation does not know the types of paths that its own vocabularies name.
  {
    version: /^(6\.15|7\.4)\./,
    url: /^\$metadata$/,
    fault: /^BadUnresolvedType: The type 'Edm\.(Navigation)?PropertyPath'/,
  },
  { version: /^(6\.15|7\.4)\./, url: /^\$metadata$/, fault: /^ExpressionNotValidForTheAssertedType/ },
  // A TimeOfDay in a context URL, alone or as a part of a key.
  { version: /./, url: /\d\d%3A\d\d%3A\d\d\.\d{7}[^)]*\)\/\w+$/, fault: /^KeyNotFoundException.*TimeOfDay/ },
  // A slash in a context URL, percent-encoded or not.
  { version: /^6\.15\./, url: /ByStrings\('a%2Fb'\)\/\w+$/, fault: /^ODataException: The context URL .* is invalid/ },
  // Rows of several types, or of none.
  { version: /^(6\.15|7\.4)\./, url: /^\$(all|crossjoin)\b/, fault: /./ },
  // Batches in JSON.
  { version: /^(6\.15|7\.4)\./, url: /^\$batch$/, fault: /^ODataContentTypeException.* 'application\/json/s },
  // A count without the rows that it counts.
  { version: /./, url: /\$expand=\w+\/\$count$/, fault: /'odata\.count'\. Deferred navigation links can only/ },
];

/** Each version of Microsoft.OData.Core that is there reads all that both feeds serve. `few`: one of each kind of shape. */
export function dotNetTests(few: boolean): void {
  const folders = ['types', 'feed', 'proxied'].map((name) =>
    mkdtempSync(path.join(tmpdir(), `gateway-readers-${name}-`)),
  );
  const collected: Collected[] = [];
  before(async function () {
    const { versions, reason } = restoredVersions();
    if (versions.length === 0) {
      console.log(`      skipped: the .NET readers are ${reason}`);
      this.skip();
    }
    this.timeout(few ? 600_000 : 1_800_000);
    for (const version of versions) {
      build(version);
    }
    const [ofTypes = '', ofFeed = '', ofProxied = ''] = folders;
    const types = await everyType();
    try {
      const links = await deltaLinks(types);
      const { replies, refused } = await collect(types, ofTypes, { few });
      await types.removeLast();
      collected.push({ replies: [...replies, ...(await collectDeltas(types, ofTypes, links))], refused });
    } finally {
      await types.close();
    }
    collected.push(await collect(await loadedFeed(), ofFeed, { few }), await collectProxied(ofProxied));
  });
  after(() => {
    // Thousands of files, on a disk that others use too.
    for (const folder of folders) {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('the feeds refuse none of the shapes that they offer', () => {
    assert.deepEqual(
      collected.flatMap(({ refused }) => refused),
      [],
    );
  });

  for (const version of restoredVersions().versions) {
    it(`E1-E9 Microsoft.OData.Core ${version} reads every reply, and each value as it stands in the JSON`, function () {
      this.timeout(600_000);
      for (const [index, { replies }] of collected.entries()) {
        const outcomes = read(version, folders[index] ?? '', replies);
        assert.equal(outcomes.length, replies.length);
        const limits = ownLimits.filter((limit) => limit.version.test(version));
        const isOwn = (url: string, fault: string): boolean =>
          limits.some((limit) => limit.url.test(url) && limit.fault.test(fault));
        const faults = outcomes.flatMap(({ url, kind, faults: found }) =>
          found.filter((fault) => !isOwn(url, fault)).map((fault) => `${kind} ${url}: ${fault}`),
        );
        const counted = (of: 'rows' | 'values' | 'ids') => outcomes.reduce((sum, outcome) => sum + outcome[of], 0);
        assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults`);
        const counts = [outcomes.length, counted('rows'), counted('values'), counted('ids')];
        console.log(`        ${counts[0]} replies, ${counts[1]} rows, ${counts[2]} values, ${counts[3]} ids`);
        assert.ok(
          counts.every((count) => count > 30),
          counts.join(' '),
        );
      }
    });
  }
}
