import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkExposure, exposureFaults } from '../src/commands/serving/exposure.ts';
import { servingFaults } from '../src/commands/serving/serving-faults.ts';
import { ConfigError, readConfig } from '../src/config.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  return [];
};

describe('configuration', () => {
  it('has the documented defaults', () => {
    const config = readConfig({});
    assert.equal(config.port, 8080);
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.publicUrl, null);
    assert.deepEqual([config.metricsPort, config.metricsHost, config.ingestKeysFile], [null, '127.0.0.1', null]);
    assert.deepEqual([config.uploadDir, config.uploadBytes], [path.resolve('data/uploads'), 4096 * 1024 * 1024]);
    assert.equal(config.databaseUrl, null);
    assert.equal(config.dataDir, path.resolve('data'));
    assert.equal(config.metadataDir, path.resolve('metadata'));
    assert.equal(config.dropDir, path.resolve('data/drop'));
    assert.equal(config.dropMinimumAge, null);
    assert.equal(readConfig({ DROP_MIN_AGE: '0' }).dropMinimumAge, 0);
    assert.equal(config.pageSize, 20_000);
    assert.equal(config.samples, true);
    assert.equal(config.replyCacheBytes, 256 * 1024 * 1024);
    assert.equal(readConfig({ REPLY_CACHE_MB: '0' }).replyCacheBytes, 0);
    assert.equal(config.reportingTimeZone, 'UTC');
    assert.equal(readConfig({ REPORTING_TIME_ZONE: 'Europe/Amsterdam' }).reportingTimeZone, 'Europe/Amsterdam');
  });

  it('has the settings of signing in that belong together, or says which is missing', () => {
    const id = '8A2F6C1E-0b1d-4c57-9d3e-5f6a7b8c9d0e';
    const { entra, oidc, anonymous, session } = readConfig({
      PUBLIC_URL: 'https://feed.example.com/warehouse',
      ENTRA_TENANT_ID: id,
      ENTRA_CLIENT_ID: id,
      OIDC_ISSUER: 'https://id.example.com/',
      OIDC_AUDIENCE: 'feed',
    }).signIn;
    assert.deepEqual(
      [entra?.tenants, entra?.appIdUri, entra?.scopes, entra?.authority],
      [[id.toLowerCase()], 'https://feed.example.com', ['user_impersonation'], 'https://login.microsoftonline.com'],
    );
    assert.deepEqual(
      [oidc?.issuer, oidc?.algorithms, anonymous, session],
      ['https://id.example.com/', ['RS256'], false, 28_800_000],
    );
    const faulty: readonly [Record<string, string>, string][] = [
      [{ ENTRA_TENANT_ID: id }, 'ENTRA_CLIENT_ID'],
      [{ ENTRA_CLIENT_ID: id }, 'ENTRA_CLIENT_ID'],
      [{ ENTRA_TENANT_ID: 'example.onmicrosoft.com', ENTRA_CLIENT_ID: id }, 'ENTRA_TENANT_ID'],
      [{ ENTRA_AUTHORITY: 'http://login.example.com' }, 'ENTRA_AUTHORITY'],
      [{ OIDC_ISSUER: 'https://id.example.com' }, 'OIDC_AUDIENCE'],
      [{ OIDC_AUDIENCE: 'feed' }, 'OIDC_AUDIENCE'],
      [{ OIDC_ALGORITHMS: 'HS256' }, 'OIDC_ALGORITHMS'],
      [{ OIDC_ALGORITHMS: 'none' }, 'OIDC_ALGORITHMS'],
      [{ SESSION_HOURS: '0' }, 'SESSION_HOURS'],
      [{ ANONYMOUS: 'yes' }, 'ANONYMOUS'],
    ];
    for (const [given, setting] of faulty) {
      assert.ok(
        faultsOf(given).some((fault) => fault.startsWith(`${setting}: `)),
        JSON.stringify(given),
      );
    }
  });

  it('reports all faults together, each with its setting', () => {
    const faults = faultsOf({
      PORT: '99999',
      PUBLIC_URL: 'feed.example',
      PAGE_SIZE: 'many',
      INGEST_SCHEDULE: 'sometimes',
      DATABASE_URL: 'mysql://x',
      LOG_LEVEL: 'loud',
      SAMPLES: 'maybe',
      REPLY_CACHE_MB: 'much',
      REPORTING_TIME_ZONE: 'UTC+2',
      PGPASSWORD_FILE: '/nowhere/password',
    });
    const names = ['PORT', 'PUBLIC_URL', 'PAGE_SIZE', 'INGEST_SCHEDULE', 'DATABASE_URL', 'LOG_LEVEL', 'SAMPLES'];
    for (const name of [...names, 'REPLY_CACHE_MB', 'REPORTING_TIME_ZONE', 'PGPASSWORD_FILE']) {
      assert.ok(
        faults.some((fault) => fault.startsWith(`${name}:`)),
        `${name} in ${faults.join(' | ')}`,
      );
    }
  });

  it('takes an empty value as not given, and cuts the final slash of PUBLIC_URL', () => {
    assert.equal(
      readConfig({ PORT: '', PUBLIC_URL: 'https://feed.example/base/' }).publicUrl,
      'https://feed.example/base',
    );
  });

  it('reads secrets from files', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-config-'));
    const file = path.join(folder, 'password');
    writeFileSync(file, 's%c@ret\n');
    const config = readConfig({ DATABASE_URL: 'postgres://me@db:5432/feed', PGPASSWORD_FILE: file });
    assert.equal(config.databaseUrl, 'postgres://me:s%25c%40ret@db:5432/feed');
    const both = faultsOf({ DATABASE_URL: 'postgres://me@db/feed', DATABASE_URL_FILE: file });
    assert.ok(both.some((fault) => fault.startsWith('DATABASE_URL_FILE:')));
  });

  it('takes a user for loads, at the same server and database, and policies for rows where there are rules', () => {
    const DATABASE_URL = 'postgres://me@db/feed';
    const config = readConfig({ DATABASE_URL, LOAD_DATABASE_URL: 'postgres://loads:x@db/feed' });
    assert.equal(config.loadDatabaseUrl, 'postgres://loads:x@db/feed');
    assert.deepEqual(servingFaults(config), []);
    const other = readConfig({ DATABASE_URL, LOAD_DATABASE_URL: 'postgres://loads@db/other' });
    assert.match(
      servingFaults(other).join(),
      /^LOAD_DATABASE_URL: must name the server and the database of DATABASE_URL/,
    );
    assert.match(faultsOf({ LOAD_DATABASE_URL: DATABASE_URL })[0] ?? '', /^LOAD_DATABASE_URL: must be given with/);
    assert.equal(readConfig({}).rowLevelSecurity, false);
    assert.match(
      servingFaults(readConfig({ ROW_LEVEL_SECURITY: 'on' })).join(),
      /^ROW_LEVEL_SECURITY: needs ACCESS_FILE/,
    );
  });

  it('takes several standbys apart, each with the password', () => {
    const DATABASE_URL = 'postgres://me@db/feed';
    const config = readConfig({ DATABASE_URL, READ_DATABASE_URL: 'postgres://me@one:1,two/feed', PGPASSWORD: 'x' });
    assert.deepEqual(config.readDatabaseUrls, ['postgres://me:x@one:1/feed', 'postgres://me:x@two/feed']);
    assert.equal(config.readMaxLag, 10_000);
    assert.deepEqual(readConfig({ DATABASE_URL }).readDatabaseUrls, []);
    const [fault] = faultsOf({ DATABASE_URL, READ_DATABASE_URL: 'postgres://me@one,,two/feed' });
    assert.match(fault ?? '', /^READ_DATABASE_URL: must be a URL of one host, or of several with commas between/);
    assert.match(faultsOf({ READ_DATABASE_URL: DATABASE_URL })[0] ?? '', /^READ_DATABASE_URL: must be given with/);
  });

  it('refuses an open feed on a network', () => {
    assert.throws(() => checkExposure(readConfig({ HOST: '0.0.0.0' })), ConfigError);
    assert.throws(() => checkExposure(readConfig({ HOST: '::' })), ConfigError);
    checkExposure(readConfig({ HOST: '127.0.0.2' }));
    checkExposure(readConfig({ HOST: '::ffff:127.0.0.1' }));
  });

  it('D2 a network address needs PUBLIC_URL as well as authentication, and both faults are told at once', () => {
    const faults = (environment: Record<string, string>) =>
      exposureFaults(readConfig(environment)).map((fault) => fault.split(':')[0]);
    assert.deepEqual(faults({ HOST: '0.0.0.0' }), ['HOST', 'PUBLIC_URL']);
    assert.deepEqual(faults({ HOST: '10.0.0.1', AUTH_KEY_FILE: 'keys' }), ['PUBLIC_URL']);
    assert.deepEqual(faults({ HOST: '::', PUBLIC_URL: 'https://feed.example' }), ['HOST']);
    assert.deepEqual(faults({ HOST: '::', PUBLIC_URL: 'https://feed.example', AUTH_BASIC_FILE: 'users' }), []);
    assert.deepEqual(faults({ HOST: '::', PUBLIC_URL: 'https://feed.example', ANONYMOUS: 'allowed' }), []);
    assert.deepEqual(faults({}), []);
  });
});
