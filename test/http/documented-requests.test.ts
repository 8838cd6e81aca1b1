import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Requests that stand on a line of their own, below the service root; those with an ellipsis are none. */
function requests(text: string): readonly string[] {
  return [...text.matchAll(/^(?:GET |http:\/\/127\.0\.0\.1:8080)\/odata\/(.+)$/gm)]
    .map(([, request = '']) => request)
    .filter((request) => !request.includes('…'));
}

describe('the requests of the documents', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await testGateway(metadataFolder);
  });
  after(() => gateway?.close());

  it('are answered by the product as it is', async () => {
    assert.deepEqual(requests('GET /odata/A?$top=1\nGET /odata/A?$apply=…\nhttp://127.0.0.1:8080/odata/B'), [
      'A?$top=1',
      'B',
    ]);
    const found = ['README.md', ...readdirSync(path.join(root, 'docs')).map((file) => `docs/${file}`)].flatMap((file) =>
      requests(readFileSync(path.join(root, file), 'utf8')).map((request) => ({ file, request })),
    );
    assert.ok(found.length > 6, `${found.length} requests`);
    for (const { file, request } of found) {
      const reply = await fetch(new URL(request, gateway.root));
      assert.equal(reply.status, 200, `${file}: ${request}: ${await reply.text()}`);
    }
  });
});
