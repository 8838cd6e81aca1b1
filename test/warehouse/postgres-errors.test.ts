import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatewayError } from '../../src/errors.ts';
import { postgresError } from '../../src/warehouse/postgres-errors.ts';

/** As the driver throws it. */
const thrown = (message: string, code?: string): Error => Object.assign(new Error(message), code ? { code } : {});

describe('what PostgreSQL says, in replies (D5 no path of the server)', () => {
  const cases: readonly (readonly [message: string, state: string | undefined, code: string, told: RegExp])[] = [
    ['temporary file size exceeds "temp_file_limit" (1024kB)', '53400', 'LimitExceeded', /more room to sort/],
    [
      'could not write to file "base/pgsql_tmp/pgsql_tmp4711.0": No space left on device',
      '53100',
      'StorageFull',
      /no space left/,
    ],
    [
      'could not extend file "base/16385/2619": wrote only 4096 of 8192 bytes at block 5',
      '53100',
      'StorageFull',
      /no space left/,
    ],
    ['canceling statement due to lock timeout', '55P03', 'Busy', /being changed/],
    ['terminating connection due to idle-in-transaction timeout', '25P03', 'QueryTimeout', /longer than the time/],
    ['canceling statement due to conflict with recovery', '40001', 'RecoveryConflict', /ended the read/],
    ['terminating connection due to conflict with recovery', '40P01', 'RecoveryConflict', /ended the read/],
    ['deadlock detected', '40P01', 'Busy', /waited for each other/],
    ['cannot execute INSERT in a read-only transaction', '25006', 'DatabaseUnavailable', /takes no changes now/],
    ['out of memory', '53200', 'DatabaseUnavailable', /no memory left/],
    ['sorry, too many clients already', '53300', 'DatabaseUnavailable', /no connection left/],
    ['could not open file "base/16385/2619": No such file or directory', '58P01', 'Internal', /refused a statement/],
    [
      'could not read blocks 0..0 in file "base/5/1259": Input/output error',
      'XX001',
      'Internal',
      /refused a statement/,
    ],
    ['failure on connection marked as essential: 10.0.0.7:5432', 'XX000', 'DatabaseUnavailable', /essential/],
    ['SSL SYSCALL error: EOF detected\ninvalid socket', 'XX000', 'DatabaseUnavailable', /EOF detected/],
    ['server closed the connection unexpectedly', 'XX000', 'DatabaseUnavailable', /closed the connection/],
    ['', 'XX000', 'DatabaseUnavailable', /cannot be reached/],
    ['failed to complete COPY on 10.0.0.7:5432', '58030', 'DatabaseUnavailable', /complete COPY/],
    ['cache lookup failed for relation 4711', 'XX000', 'Internal', /refused a statement/],
    [
      'connect ENOENT /var/lib/gateway/data/postgres/.s.PGSQL.5432',
      'ENOENT',
      'DatabaseUnavailable',
      /connect ENOENT\.$/,
    ],
    ['connect EACCES "/run/secret folder/.s.PGSQL.5432"', 'EACCES', 'DatabaseUnavailable', /connect EACCES/],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED', 'DatabaseUnavailable', /127\.0\.0\.1:5432/],
  ];
  for (const [message, state, code, told] of cases) {
    it(`D5 ${message.slice(0, 60)}`, () => {
      const error = postgresError(thrown(message, state));
      assert.ok(error instanceof GatewayError);
      assert.equal(error.code, code);
      assert.match(error.message, told);
      assert.ok(!error.message.includes('/'), error.message);
    });
  }

  it('D5 property: no path survives, wherever it stands in the message', () => {
    const word = fc.stringMatching(/^[a-z0-9_.]{1,8}$/);
    const path = fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(path, word, (one, other) => {
        const { message } = postgresError(thrown(`connect ENOENT ${one} (${other})`, 'ENOENT'));
        assert.ok(!message.includes('/'), message);
      }),
    );
  });
});
