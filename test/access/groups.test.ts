import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openAccess } from '../../src/access/open-access.ts';
import { explainedPrincipal } from '../../src/commands/serving/access-works.ts';
import { openSignIn, type SignIn } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { connectRoutes } from '../../src/http/connect/connect-routes.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { catalogue } from '../http/rights/personal-model.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { application, type EntraStandIn, startEntra, tenant } from '../sign-in/entra-stand-in.ts';
import { putInPlace } from '../support/put-in-place.ts';

const byRole = `roles:
  readers: { who: [{ roles: [Feed.Read] }], read: [{ sets: [Agents] }] }
`;
const byGroup = `${byRole}  group: { who: [{ groups: [g1] }], read: [{ sets: [Cases] }] }
`;

/** Both ways in which Entra says that it left them out (access token claims reference, groups overage). */
const overages = [{ hasgroups: true }, { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }];

describe('http: a token that leaves groups out', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-groups-'));
  const file = path.join(folder, 'access.yaml');
  const write = (text: string): void => {
    putInPlace(file, text);
  };
  let entra: EntraStandIn;
  let signIn: SignIn;
  let server: TestServer;
  before(async () => {
    entra = await startEntra();
    const config = readConfig({
      DATA_DIR: folder,
      PUBLIC_URL: 'http://feed.example',
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_AUTHORITY: entra.authority,
    });
    signIn = await openSignIn(config, unobserved);
    write(byRole);
    const access = openAccess(file, { catalogue, isOperator: () => false, observe: unobserved, watch: unobserved });
    const feed = {
      authentication: signIn.authentication,
      settings: { publicUrl: null, pageSize: 100 },
      catalogue: () => catalogue,
      grantsOf: access.grantsOf,
    };
    server = await startTestServer({
      ...feed,
      beside: (app) => connectRoutes(app, { ...feed, observe: unobserved }),
    });
  });
  after(async () => {
    await server.close();
    await signIn.close();
    await entra.close();
    rmSync(folder, { recursive: true });
  });

  const ask = async (bearer: string, url: string): Promise<readonly [number, string]> => {
    const reply = await server.get(url, { Authorization: `Bearer ${bearer}` });
    return [reply.status, await reply.text()];
  };

  it('is told what to do where a rule needs them, also when it was known before the rule was, and reads where none does', async () => {
    for (const overage of overages) {
      const bearer = await entra.v2({ ...overage, roles: ['Feed.Read'] });
      write(byRole);
      assert.equal((await ask(bearer, 'Agents'))[0], 200);
      write(byGroup);
      for (const url of ['Agents', 'Cases/$count', '', '$metadata', '/connect/Cases.py']) {
        const [status, body] = await ask(bearer, url);
        assert.equal(status, 403, url);
        assert.match(body, /"code":"AccessDenied".*groups.*have a role of the application given to you/, url);
      }
      const named = await entra.v2({ roles: ['Feed.Read'], groups: ['g1'] });
      assert.equal((await ask(named, 'Cases'))[0], 200);
      assert.equal((await ask(await entra.v2({ roles: ['Feed.Read'] }), 'Cases'))[0], 404);
    }
    assert.deepEqual(server.defects, []);
  });

  it('is explained as it is answered', () => {
    const said = JSON.stringify({ tid: tenant, ...overages[1] });
    assert.equal(explainedPrincipal('mia', said).claims.groupsWithheld, true);
  });
});
