import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { webhookSettings } from '../../src/commands/serving/webhook-settings.ts';
import { readConfig } from '../../src/config.ts';

describe('where alerts go, while the gateway runs', () => {
  it('follows the files of the settings, and stays where one is faulty or gone', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-webhook-'));
    try {
      const file = (name: string, text: string): string => {
        writeFileSync(path.join(folder, name), text);
        return path.join(folder, name);
      };
      const [old, next] = [1, 2].map(() => `whsec_${randomBytes(32).toString('base64')}`) as [string, string];
      const environment = {
        ALERT_URL_FILE: file('url', 'https://a.example/hook'),
        ALERT_SECRET_FILE: file('secret', old),
      };
      const webhook = webhookSettings(readConfig(environment), environment);
      const seen = () => [webhook?.url, webhook?.secrets];
      assert.deepEqual(seen(), ['https://a.example/hook', [old]]);
      file('secret', `${next} ${old}\n`);
      file('url', 'https://b.example/hook');
      assert.deepEqual(seen(), ['https://b.example/hook', [next, old]]);
      file('secret', 'no key');
      assert.deepEqual(seen(), ['https://b.example/hook', [next, old]]);
      rmSync(path.join(folder, 'url'));
      file('secret', next);
      assert.deepEqual(seen(), ['https://b.example/hook', [next, old]]);
      file('url', 'https://b.example/hook');
      assert.deepEqual(seen(), ['https://b.example/hook', [next]]);
      assert.equal(webhookSettings(readConfig({}), {}), null);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
