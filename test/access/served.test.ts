import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Access } from '../../src/access/access.ts';
import { openAccess } from '../../src/access/open-access.ts';
import { connectRoutes } from '../../src/http/connect/connect-routes.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { namedPrincipal } from '../../src/sign-in/principal.ts';
import { byName } from '../http/by-name.ts';
import { catalogue } from '../http/rights/personal-model.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { putInPlace } from '../support/put-in-place.ts';

const rules = `claims:
  bonn: { cities: [Bonn], least: 2 }
  kiel: { cities: [Kiel] }
roles:
  city:
    who: [{ names: [bonn, kiel, nowhere] }]
    read:
      - { sets: [Cases], rows: Agent/City in $user/cities, mask: [direct] }
      - { sets: [Messages], rows: Case/Agent/City in $user/cities }
  chief:
    who: [{ names: [chief] }]
    operations: [read, administer]
    read: [{ all: true }]
`;

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "City") VALUES (1, 'Zoë Smit', 'Bonn'), (2, 'Ann', 'Kiel');
  INSERT INTO feed."Cases" ("Id", "Title", "AgentId") SELECT i, 'Case of Jan ' || i, i % 2 + 1 FROM generate_series(1, 6) AS i;
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body") SELECT i, 1, 'hello' FROM generate_series(1, 6) AS i;`;

describe('http: rules of a file', () => {
  let server: TestServer;
  let access: Access;
  let folder: string;
  const told: (string | null)[] = [];
  const file = (): string => path.join(folder, 'access.yaml');
  const write = (text: string): void => {
    putInPlace(file(), text);
  };

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'access-'));
    write(rules);
    access = openAccess(file(), {
      catalogue,
      isOperator: () => true,
      observe: unobserved,
      watch: (event) => void told.push(event.event === 'credentials' ? event.fault : event.event),
    });
    const authentication = byName;
    const settings = { publicUrl: null, pageSize: 100 };
    server = await startTestServer({
      rows,
      authentication,
      settings,
      catalogue: () => catalogue,
      grantsOf: access.grantsOf,
      beside: (app) => {
        const observe = unobserved;
        connectRoutes(app, {
          authentication,
          settings,
          observe,
          catalogue: () => catalogue,
          grantsOf: access.grantsOf,
        });
      },
    });
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const get = (user: string, url: string): Promise<Response> => server.get(url, { 'api-key': user });
  const ids = async (user: string, url: string): Promise<unknown> => {
    const { value } = (await (await get(user, url)).json()) as { readonly value: readonly { readonly Id: number }[] };
    return value.map(({ Id }) => Id);
  };

  it('show each principal his rows, and none to whom the claim is missing', async () => {
    assert.deepEqual(await ids('bonn', 'Cases?$select=Id'), [2, 4, 6]);
    assert.deepEqual(await ids('kiel', 'Cases?$select=Id'), [1, 3, 5]);
    assert.deepEqual(await ids('nowhere', 'Cases?$select=Id'), []);
    assert.deepEqual(await ids('chief', 'Cases?$select=Id'), [1, 2, 3, 4, 5, 6]);
    assert.equal(await (await get('bonn', 'Messages/$count')).text(), '3');
    assert.equal((await get('bonn', 'Cases(1)')).status, 404);
  });

  it('mask what is masked in each place of a request', async () => {
    const { value } = (await (await get('bonn', "Cases?$filter=Title eq 'C*** o* J** 2'&$orderby=Title")).json()) as {
      readonly value: readonly { readonly Title: string }[];
    };
    assert.deepEqual(
      value.map(({ Title }) => Title),
      ['C*** o* J** 2'],
    );
    assert.equal(await (await get('bonn', "Cases/$count?$filter=contains(Title,'Case')")).text(), '0');
    assert.equal(await (await get('bonn', 'Cases/$count?$search=Jan')).text(), '0');
    assert.equal(await (await get('bonn', 'Cases(2)/Title/$value')).text(), 'C*** o* J** 2');
  });

  it('let nobody know of what is not granted', async () => {
    for (const url of [
      'Agents',
      'Agent',
      'Cases?$expand=Agent',
      'Cases?$filter=Agent/City eq null',
      '$crossjoin(Cases,Agents)',
    ]) {
      const reply = await get('bonn', url);
      const text = await reply.text();
      assert.ok(reply.status === 404 || reply.status === 400, `${url} ${reply.status}`);
      assert.doesNotMatch(text, /Perhaps/, url);
    }
    for (const url of ['', '$metadata', '$all', '/connect/powerbi.zip?sets=Cases', '/connect/Cases.py']) {
      const reply = await get('bonn', url);
      assert.equal(reply.status, 200, url);
      assert.doesNotMatch(await reply.text(), /Agent[^I]/, url);
    }
    assert.equal((await get('bonn', '/connect/Agents.py')).status, 404);
    assert.equal((await get('chief', '/connect/Agents.py')).status, 200);
    assert.equal((await get('stranger', 'Cases')).status, 404);
    assert.equal(await (await get('stranger', '')).text().then((text) => text.includes('"value":[]')), true);
  });

  it('are taken over without a restart, and a faulty file is not', async () => {
    write(rules.replace('[Kiel]', '[Bonn]'));
    assert.deepEqual(await ids('kiel', 'Cases?$select=Id'), [2, 4, 6]);
    write(rules.replace('rows: Agent/City', 'rows: Agnt/City'));
    assert.deepEqual(await ids('kiel', 'Cases?$select=Id'), [2, 4, 6]);
    assert.match(String(access.refused()), /^access\.yaml:8 roles\.city\.read\[0\]: .*'Agnt'/);
    assert.deepEqual(told, [access.refused()]);
    rmSync(file());
    assert.deepEqual(await ids('kiel', 'Cases?$select=Id'), [2, 4, 6]);
    assert.match(String(access.refused()), /cannot be read/);
    write(rules);
    assert.deepEqual(await ids('kiel', 'Cases?$select=Id'), [1, 3, 5]);
    assert.equal(access.refused(), null);
    assert.equal(told.at(-1), null);
    assert.equal(access.allows(namedPrincipal('key', 'chief'), 'administer'), true);
  });
});
