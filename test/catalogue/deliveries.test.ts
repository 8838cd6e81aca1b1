import assert from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';

const source = 'title: Acme\ndescription: Web shop.\nkind: files\nprefix: Acme\n';

describe('deliveries of a source', () => {
  it('are those of source.yaml and of the file beside it, with what is not said filled in', () => {
    const { catalogue, faults } = buildCatalogue(
      [
        {
          file: 'acme/source.yaml',
          text: `${source}deliveries:\n  - { kind: ftp, host: '\${FTP_HOST}', user: a, password: { env: P } }\n`,
        },
        {
          file: 'acme/deliveries.yaml',
          text: `deliveries:\n  - { kind: ftps, tls: implicit, name: push, host: h, user: b, password: { file: /run/p }, afterLoad: { archive: done } }\n  - { kind: sftp, host: h, user: c, privateKey: { file: k }, hostKey: 'SHA256:${'A'.repeat(43)}=' }\n`,
        },
      ],
      { FTP_HOST: 'ftp.example.com' },
    );
    assert.deepEqual(faults.map(faultText), []);
    const [ftp, ftps, sftp] = catalogue?.sources.get('acme')?.deliveries ?? [];
    assert.deepEqual(ftp, {
      id: 'acme/ftp',
      source: 'acme',
      protocol: 'ftp',
      tls: 'none',
      host: 'ftp.example.com',
      port: 21,
      user: 'a',
      password: { kind: 'environment', name: 'P' },
      privateKey: null,
      passphrase: null,
      hostKeys: [],
      caFile: null,
      directory: '.',
      patterns: [],
      recursive: false,
      afterLoad: 'leave',
      archiveDirectory: null,
      schedule: '*/5 * * * *',
      minimumAgeSeconds: null,
      stuckAfterMinutes: 60,
      timeoutSeconds: 60,
    });
    assert.deepEqual(
      [ftps?.id, ftps?.tls, ftps?.port, ftps?.password, ftps?.afterLoad, ftps?.archiveDirectory],
      ['acme/push', 'implicit', 990, { kind: 'file', path: '/run/p' }, 'archive', 'done'],
    );
    assert.deepEqual([sftp?.id, sftp?.port, sftp?.hostKeys], ['acme/sftp', 22, [`SHA256:${'A'.repeat(43)}`]]);
  });

  it('are not taken over by a source that extends it', () => {
    const { catalogue } = buildCatalogue(
      [
        { file: 'acme/source.yaml', text: source },
        {
          file: 'acme/deliveries.yaml',
          text: 'deliveries:\n  - { kind: ftp, host: h, user: a, password: { env: P } }\n',
        },
        { file: 'more/source.yaml', text: `${source.replace('prefix: Acme', 'prefix: More')}extends: acme\n` },
      ],
      {},
    );
    assert.equal(catalogue?.sources.get('acme')?.deliveries?.length, 1);
    assert.deepEqual(catalogue?.sources.get('more')?.deliveries, []);
  });
});
