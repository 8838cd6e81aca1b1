import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { checkExposure } from '../src/commands/serving/exposure.ts';
import { readConfig } from '../src/config.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Service {
  readonly image?: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<'postgres' | 'replica' | 'gateway', Service>> &
    Readonly<Record<string, Partial<Service>>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');

  it('copies files that exist and that .dockerignore lets through', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    const admitted = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    assert.ok(copied.length > 0);
    for (const file of copied) {
      assert.ok(existsSync(path.join(root, file)), `${file} is not there`);
      assert.ok(admitted.includes(file), `.dockerignore keeps ${file} out`);
    }
  });

  it('ends as an ordinary user with a health check', () => {
    assert.deepEqual(
      lines.filter((line) => line.startsWith('USER ')),
      ['USER node'],
    );
    const at = lines.findIndex((line) => line.startsWith('HEALTHCHECK '));
    assert.equal(lines[at + 1], '  CMD ["node", "/app/bin/health-check.mjs"]');
    assert.ok(
      lines
        .filter((line) => line.startsWith('FROM '))
        .every((line) => /^FROM node:22-bookworm-slim( AS \w+)?$/.test(line)),
    );
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(text('docker-compose.yml'), { merge: true }) as Compose;
  const { gateway, postgres, replica } = compose.services;

  it('declares every volume and secret it uses, and no secret in the open', () => {
    for (const service of [gateway, postgres, replica]) {
      for (const name of service.secrets) {
        assert.ok(compose.secrets[name]?.file.startsWith('./secrets/'), name);
      }
      for (const volume of service.volumes) {
        const [from = '', , mode] = volume.split(':');
        const isFile = from.startsWith('./') && mode === 'ro';
        assert.ok(isFile ? existsSync(path.join(root, from)) : from in compose.volumes, volume);
      }
      for (const [name, value] of Object.entries(service.environment)) {
        assert.ok(!/PASSWORD$/.test(name), `${name} stands in the open`);
        assert.doesNotMatch(value, /:\/\/[^/]*:[^/]*@/, `${name} holds a password`);
      }
    }
    assert.match(text('.gitignore'), /^secrets\/$/m);
  });

  it('starts the gateway after a PostgreSQL that it may use', () => {
    assert.equal(postgres.image, 'postgres:18');
    assert.ok(postgres.healthcheck?.test.includes('pg_isready'));
    // The one of the image holds: it asks whether PostgreSQL answers, too.
    assert.equal(gateway.healthcheck, undefined);
    assert.equal(gateway.depends_on?.['postgres']?.condition, 'service_healthy');
  });

  it('has a standby for who asks for it, which keeps rows that are read and may follow the primary', () => {
    assert.deepEqual([replica.profiles, replica.image], [['replica'], postgres.image]);
    for (const setting of ['--hot_standby_feedback=on', '--max_standby_streaming_delay=300s']) {
      assert.ok(replica.command?.includes(setting), setting);
    }
    assert.match(text('deploy/postgres/pg_hba.conf'), /^host\s+replication\s+gateway\s+all\s+scram-sha-256$/m);
    for (const service of [postgres, replica]) {
      assert.ok(service.command?.includes('--hba_file=/etc/postgresql/pg_hba.conf'));
      assert.ok(service.volumes.includes('./deploy/postgres/pg_hba.conf:/etc/postgresql/pg_hba.conf:ro'));
    }
  });

  it('has Citus beside it for who asks for it, its workers on a network of their own', () => {
    const { services } = compose;
    const names = Object.keys(services).filter((name) => services[name]?.profiles?.includes('citus'));
    assert.deepEqual(names, ['citus', 'citus-worker-1', 'citus-worker-2', 'citus-join']);
    for (const name of names) {
      const { image, networks, environment, volumes } = services[name] ?? {};
      assert.match(image ?? '', /^\$\{CITUS_IMAGE:-citusdata\/citus:\d+\.\d+\}$/);
      const trusts = environment?.['POSTGRES_HOST_AUTH_METHOD'] === 'trust';
      assert.equal(trusts, name.startsWith('citus-worker'));
      assert.deepEqual(trusts ? networks : [], trusts ? ['workers'] : []);
      for (const volume of volumes ?? []) {
        assert.ok((volume.split(':')[0] ?? '') in compose.volumes, volume);
      }
    }
    assert.equal(compose.networks?.['workers']?.internal, true);
  });

  it('gives the gateway a configuration that it accepts', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-secrets-'));
    for (const name of gateway.secrets) {
      writeFileSync(path.join(folder, name), 'secret\n');
    }
    const fromImage = /^ENV (.*)$/m.exec(text('Dockerfile'))?.[1] ?? '';
    const environment = Object.fromEntries([
      ...fromImage.split(' ').map((pair) => pair.split('=')),
      ...Object.entries(gateway.environment).map(([name, value]) => [
        name,
        value.replace('/run/secrets', folder).replace(/\$\{\w+:-([^}]*)\}/, '$1'),
      ]),
    ]) as Record<string, string>;
    const config = readConfig(environment);
    rmSync(folder, { recursive: true });
    checkExposure(config);
    assert.equal(config.databaseUrl, 'postgres://gateway:secret@postgres:5432/gateway');
    assert.deepEqual(config.readDatabaseUrls, [], 'no standby is read that was not asked for');
    const [, standby = ''] =
      /READ_DATABASE_URL=(\S+) docker compose --profile replica/.exec(text('docker-compose.yml')) ?? [];
    const withStandby = readConfig({ DATABASE_URL: config.databaseUrl ?? '', READ_DATABASE_URL: standby });
    assert.deepEqual(withStandby.readDatabaseUrls, ['postgres://gateway@replica:5432/gateway']);
    assert.deepEqual([config.host, config.port, config.dataDir], ['0.0.0.0', 8080, '/data']);
  });
});
