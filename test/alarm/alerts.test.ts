import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { AlertSender } from '../../src/alarm/alert-sender.ts';
import { keepUntold, pruneAlerts, takeAlerts } from '../../src/alarm/outbox.ts';
import { messageId, sendMessage, signatureOf } from '../../src/alarm/webhook.ts';
import { testAlertCommand } from '../../src/commands/alert.ts';
import { examineConfig, readConfig } from '../../src/config.ts';
import { checkAlarms } from '../../src/ingest/ledger/alarms.ts';
import { raiseAlert } from '../../src/ingest/ledger/alerts.ts';
import type { AlarmEvent } from '../../src/observation/events/alarm.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { exportFile, useFeed } from '../ingest/support/feed.ts';
import { secret, startReceiver } from './receiver.ts';

type Receiver = Awaited<ReturnType<typeof startReceiver>>;

describe('The signature of an alert', () => {
  it('is that of Standard Webhooks, one for each key', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
    const signed = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
    equal(signatureOf(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], message), signed);
    match(signatureOf(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', secret], message), /^v1,g0hM\S+ v1,\S+$/);
  });

  it('needs a key of 24 to 64 bytes, and an address needs a key', () => {
    const faults = (environment: Record<string, string>) => examineConfig(environment).faults.join('\n');
    match(faults({ ALERT_URL: 'https://a.example/?x=1' }), /^ALERT_SECRET: must be given with ALERT_URL/);
    match(faults({ ALERT_SECRET: 'short' }), /^ALERT_SECRET: must be whsec_ .*openssl rand/);
    match(faults({ ALERT_URL: 'ftp://a', ALERT_SECRET: secret }), /^ALERT_URL: must be an absolute http/);
    deepEqual(
      readConfig({ ALERT_URL: 'https://a.example/', ALERT_SECRET: `${secret} ${secret}` }).alertSecrets.length,
      2,
    );
  });
});

describe('An alert', () => {
  const feed = useFeed();
  let receiver: Receiver;
  let events: AlarmEvent[] = [];
  beforeEach(async () => {
    receiver = await startReceiver();
    events = [];
    await feed().database.query('DELETE FROM gateway.alert; DELETE FROM gateway.alarm');
  });
  afterEach(() => receiver.close());
  const sender = (url: string | null = receiver.url) =>
    new AlertSender(feed().database, {
      webhook: url === null ? null : { url, secrets: [secret] },
      observe: (event) => void events.push(event),
      limits: { singles: 3, digestMinutes: 10 },
    });
  const raise = (file: string) =>
    raiseAlert(feed().database, { kind: 'file.refused', source: 'acme', export: null, details: { file } });
  const states = async () =>
    (
      await feed().rows<{ v: string }>(
        `SELECT kind || ' ' || state || ' ' || attempts AS v FROM gateway.alert ORDER BY alert_id`,
      )
    ).map(({ v }) => v);
  const hurry = () => feed().database.query(`UPDATE gateway.alert SET next_attempt_at = now()`);

  it('is sent once it is committed, with type, time and data; never where its transaction is undone', async () => {
    await feed()
      .database.transaction(async (transaction) => {
        await raiseAlert(transaction, {
          kind: 'rows.removed',
          source: 'acme',
          export: 'orders',
          details: { removed: 3 },
        });
        throw new Error('undone');
      })
      .catch(() => {});
    await sender().round();
    deepEqual(
      receiver.received.map(({ id }) => id),
      [],
    );
    await raise('a.csv');
    await sender().round();
    await sender().round();
    const [message] = receiver.received;
    ok(message !== undefined && receiver.received.length === 1);
    const { id, headers, body } = message;
    match(id, /^msg_[0-9a-f]{32}$/);
    equal(headers['content-type'], 'application/json');
    deepEqual([body.type, body.data], ['file.refused', { source: 'acme', file: 'a.csv' }]);
    match(body.timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    deepEqual(await states(), ['file.refused sent 1']);
    deepEqual(
      events.map((one) => [one.event, one.id, one.type]),
      [['alert', id, 'file.refused']],
    );
  });

  it('is nobody’s news where it is kept before anybody was told: that of samples', async () => {
    await raise('sample.csv');
    await keepUntold(feed().database);
    await raise('a.csv');
    await sender().round();
    deepEqual(
      receiver.received.map(({ body }) => body.data['file']),
      ['a.csv'],
    );
    deepEqual(await states(), ['file.refused kept 0', 'file.refused sent 1']);
  });

  it('is sent again with the same id until it is taken, later each time, and never to where a redirect leads', async () => {
    await raise('a.csv');
    receiver.answers.push(
      { status: 302, headers: { location: `${receiver.url}&elsewhere` } },
      { status: 503, headers: { 'retry-after': '900' } },
    );
    await sender().round();
    await sender().round();
    equal(receiver.received.length, 1, 'not before it is due');
    await hurry();
    await sender().round();
    const [{ wait } = { wait: 0 }] = await feed().rows<{ wait: number }>(
      `SELECT extract(epoch FROM next_attempt_at - now())::integer AS wait FROM gateway.alert`,
    );
    ok(wait > 850, String(wait));
    await hurry();
    await sender().round();
    equal(new Set(receiver.received.map(({ id }) => id)).size, 1);
    deepEqual(await states(), ['file.refused sent 3']);
    const failures = events.filter((one) => one.event === 'alert-not-sent');
    deepEqual(
      failures.map((one) => [one.attempt, one.reason]),
      [
        [1, 'status 302: redirects are not followed'],
        [2, 'status 503'],
      ],
    );
    ok(!JSON.stringify(events).includes('hidden'), 'the address is in no line');
  });

  it('waits while nobody listens, is given up by a receiver that is gone, and is kept where there is no address', async () => {
    await raise('a.csv');
    await raise('b.csv');
    await sender('http://127.0.0.1:9/').round();
    deepEqual(await states(), ['file.refused pending 1', 'file.refused pending 0']);
    await hurry();
    receiver.answers.push({ status: 410 });
    await sender().round();
    await hurry();
    await sender().round();
    deepEqual(await states(), ['file.refused given-up 2', 'file.refused sent 1']);
    await raise('c.csv');
    await sender(null).round();
    equal((await states())[2], 'file.refused kept 1');
  });

  it('is taken by one of several gateways, and by another one where that dies', async () => {
    for (const file of ['a.csv', 'b.csv', 'c.csv']) {
      await raise(file);
    }
    await Promise.all([sender().round(), sender().round(), sender().round()]);
    equal(new Set(receiver.received.map(({ id }) => id)).size, 3);
    equal(receiver.received.length, 3);
    await feed().database.query('DELETE FROM gateway.alert');
    await raise('d.csv');
    const taken = await takeAlerts(feed().database, { singles: 9, digestMinutes: 1 }, 9);
    equal(taken.length, 1, 'and the gateway dies');
    await hurry();
    await sender().round();
    equal(receiver.received.at(-1)?.id, messageId(taken[0]?.message_id ?? ''));
  });

  it('is one of a digest where there are many of its kind; others are told by themselves', async () => {
    await raise('first.csv');
    await sender().round();
    for (let n = 0; n < 1000; n++) {
      await raise(`${n}.csv`);
    }
    await raiseAlert(feed().database, {
      kind: 'rows.removed',
      source: 'acme',
      export: 'orders',
      details: { removed: 3 },
    });
    await sender().round();
    for (const file of ['x.csv', 'y.csv', 'z.csv']) {
      await raise(file);
    }
    await sender().round();
    deepEqual(
      receiver.received.map(({ body }) => body.type),
      ['file.refused', 'rows.removed', 'digest'],
    );
    const digest = receiver.received[2]?.body.data;
    deepEqual([digest?.['type'], digest?.['count']], ['file.refused', 1000]);
    deepEqual(digest?.['exports'], [{ source: 'acme', export: null, count: 1000 }]);
    equal((await states()).filter((one) => one === 'digest sent 1').length, 1);
    equal((await states()).filter((one) => one === 'file.refused pending 0').length, 3, 'wait for the next digest');
    await feed().database.query(`UPDATE gateway.alert SET raised_at = now() - interval '1 year'`);
    await pruneAlerts(feed().database);
    deepEqual(await states(), Array(3).fill('file.refused pending 0'));
  });

  it('tells of a load what waits, differs and left, without a value of a row', async () => {
    const labels = (ids: readonly (number | string)[], column = '') =>
      exportFile(
        'tracebuzz/labels',
        ids.map((id) => ({ LabelId: id, Name: 'Anna Jansen' })),
      ).replaceAll('\n', column === '' ? '\n' : `,${column}\n`);
    await feed().load('raw-labels-1750000000.csv', labels([1, 2, 3]));
    await feed().load('raw-labels-1750000100.csv', labels([1, 2]));
    await feed().load('raw-labels-1750000200.csv', labels([1, 2, 'Anna'], 'Colour'));
    await feed().load('odd.csv', 'a,b\n1,2\n');
    const rows = await feed().rows<{ kind: string; details: Record<string, unknown> }>(
      `SELECT kind, details - 'load' AS details FROM gateway.alert ORDER BY alert_id`,
    );
    const file = 'raw-labels-1750000200.csv';
    deepEqual(
      rows.map(({ kind, details }) => [kind, details]),
      [
        ['rows.removed', { file: 'raw-labels-1750000100.csv', mode: 'snapshot', removed: 1 }],
        ['rows.rejected', { file, codes: { INVALID_INTEGER: 1 }, read: 3, rejected: 1 }],
        ['columns.drifted', { file, missing: [], unknown: ['Colour'] }],
        [
          'file.refused',
          {
            ...{ file: 'odd.csv', path: 'odd.csv', state: 'refused', code: 'FileUnknown' },
            remedy:
              'Of an export that nobody described yet, gateway draft FILE --source NAME proposes the metadata. Of one that is described, name it (gateway ingest --source S --export E FILE), or add its headers to the metadata.',
          },
        ],
      ],
    );
    ok(!JSON.stringify(rows).includes('Anna'));
  });

  it('tells once of a file that did not come, a delivery that fails and an upload that is stuck, and once when that is over', async () => {
    const { database } = feed();
    await database.query(
      `INSERT INTO gateway.expectation (source, export, entity_set, expects, unit, every, time_zone, before, since) VALUES ('acme', 'orders', 'Orders', 'daily', 'day', 1, 'UTC', false, now() - interval '60 hours');
       INSERT INTO gateway.delivery (delivery, source, failing_since, error_code) VALUES ('acme/sftp', 'acme', now(), 'DeliveryUnavailable');
       INSERT INTO gateway.delivery_file (delivery, path, state, first_seen_at, seen_since, told_at) VALUES ('acme/sftp', 'a.csv', 'waits', now(), now(), now())`,
    );
    const told = async () =>
      (await feed().rows<{ v: string }>(`SELECT kind AS v FROM gateway.alert ORDER BY alert_id`)).map(({ v }) => v);
    deepEqual(await Promise.all([checkAlarms(database), checkAlarms(database)]).then((both) => both.sort()), [0, 3]);
    equal(await checkAlarms(database), 0);
    deepEqual(await told(), ['file.missing', 'fetch.failed', 'upload.stuck']);
    await database.query(`UPDATE gateway.alarm SET occurrence = 'the day before' WHERE kind = 'file.missing'`);
    equal(await checkAlarms(database), 1, 'another file that did not come');
    await database.query(
      `DELETE FROM gateway.expectation; UPDATE gateway.delivery SET failing_since = NULL, error_code = NULL; DELETE FROM gateway.delivery_file`,
    );
    equal(await checkAlarms(database), 3);
    deepEqual((await told()).slice(4).sort(), ['fetch.restored', 'file.arrived', 'upload.finished']);
  });

  it('is tried by hand with `gateway alert --test`', async () => {
    const lines: string[] = [];
    const test = (environment: Record<string, string>) =>
      testAlertCommand({
        ...{ config: readConfig(environment), environment: {}, observe: unobserved, progress: () => {} },
        print: (line) => void lines.push(line),
      });
    equal(await test({}), 1);
    equal(await test({ ALERT_URL: receiver.url, ALERT_SECRET: secret }), 0);
    const other = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    equal(await test({ ALERT_URL: receiver.url, ALERT_SECRET: other }), 1);
    match(
      lines.join('\n'),
      /not set.*\nmsg_\S+ was taken with status 200\.\nmsg_\S+ was not taken: status 401\. Check/,
    );
    deepEqual(
      receiver.received.map(({ body }) => body.type),
      ['test'],
    );
  });

  it('that cannot be sent has its reason in words', async () => {
    const message = { id: messageId(), type: 'test', timestamp: '', data: {} };
    const answer = await sendMessage({ url: 'http://127.0.0.1:9/secret', secrets: [secret] }, message);
    deepEqual(answer, { taken: false, reason: 'ECONNREFUSED', wait: null, gone: false });
  });
});
