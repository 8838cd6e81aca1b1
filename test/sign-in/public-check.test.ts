import assert from 'node:assert/strict';
import { publicFindings } from '../../src/commands/sign-in/public-checklist.ts';
import { readConfig } from '../../src/config.ts';
import { application, tenant } from './entra-stand-in.ts';

const fitting = {
  PUBLIC_URL: 'https://feed.example.com',
  ENTRA_TENANT_ID: tenant,
  ENTRA_CLIENT_ID: application,
};
const three = [
  'a672d62c-fc7b-4e81-a576-e60dc46e951d',
  'b52893c8-bc2e-47fc-918b-77022b299bbc',
  '7ab7862c-4c57-491e-8a45-d52a7e023983',
];
const findings = (more: Record<string, string>) => publicFindings(readConfig({ ...fitting, ...more }));

describe('sign-in: gateway check --public', () => {
  it('rule 16: prints what the Entra portal must have, from the configuration alone', () => {
    const { faults, checklist } = findings({
      ENTRA_CLIENT_SECRET: 'x',
      ENTRA_APP_ROLES: 'Feed.Read',
      ENTRA_CLIENTS: three.join(' '),
    });
    assert.deepEqual(faults, []);
    const text = checklist.join('\n');
    for (const part of [
      tenant,
      application,
      'user_impersonation',
      ...three,
      'Feed.Read',
      'feed.example.com, or',
      'https://feed.example.com/sign-in/callback',
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.match(text, /Application ID URI is https:\/\/feed\.example\.com \(/);
    assert.ok(!text.includes('secret'));
  });

  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{ PUBLIC_URL: '' }, /^PUBLIC_URL: must be set/],
    [{ PUBLIC_URL: 'http://feed.example.com' }, /^PUBLIC_URL: is http:/],
    [{ PUBLIC_URL: 'https://localhost:8443' }, /^PUBLIC_URL: localhost is this machine/],
    [{ ENTRA_TENANT_ID: '', ENTRA_CLIENT_ID: '' }, /^ENTRA_TENANT_ID, ENTRA_CLIENT_ID: must be set/],
    [{ ENTRA_APP_ID_URI: 'api://other' }, /^ENTRA_APP_ID_URI: is api:\/\/other, .* https:\/\/feed\.example\.com:/],
    [{ ENTRA_SCOPE: 'Feed.Read' }, /^ENTRA_SCOPE: is Feed\.Read/],
    [{ ENTRA_CLIENTS: three.slice(1).join(' ') }, /^ENTRA_CLIENTS: lacks a672d62c.*Desktop/],
  ];
  for (const [given, fault] of wrong) {
    it(`${JSON.stringify(given)} is a fault`, () => {
      const { faults } = findings(given);
      assert.deepEqual([faults.length, fault.test(faults[0] ?? '')], [1, true], faults.join());
    });
  }

  it('the address of a feed below a path: the Application ID URI is scheme and host all the same', () => {
    const { faults, checklist } = findings({ PUBLIC_URL: 'https://example.com/warehouse' });
    assert.deepEqual(faults, []);
    assert.match(checklist.join('\n'), /URI is https:\/\/example\.com \(/);
  });
});
