import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type LogSettings, log } from '../../src/observation/log.ts';
import { eventKinds, levelOf, type Observation } from '../../src/observation/observation.ts';
import { examples } from './examples.ts';

type Line = Readonly<Record<string, unknown>>;

/** The lines that events become. */
function written(events: readonly Observation[], settings: Partial<LogSettings> = {}): readonly Line[] {
  const lines: string[] = [];
  const observe = log({ level: 'trace', values: 'hidden', ...settings }, { write: (line) => void lines.push(line) });
  events.forEach(observe);
  return lines.map((line) => JSON.parse(line) as Line);
}

const line = (event: Observation): Line => {
  const [{ time, ...rest } = { time: '' }] = written([event]);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  return rest;
};

const levels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };

describe('The log', () => {
  it('writes an event as one line of its level, its name and its fields', () => {
    const { request, load } = examples;
    assert.deepEqual(line(request), { level: 30, ...request });
    assert.deepEqual(line(load), { level: 30, ...load });
    assert.deepEqual(line({ ...load, rejected: 1 }), { level: 40, ...load, rejected: 1 });
    assert.deepEqual(line({ ...load, outcome: 'refused' }), { level: 40, ...load, outcome: 'refused' });
    assert.equal(line({ ...examples['drop-folder'], kind: 'changed' })['level'], 50);
    assert.equal(line(examples.upstream)['level'], 40);
    assert.equal(line({ ...examples.database, state: 'up' })['level'], 30);
    assert.deepEqual(line(examples.credentials), { level: 30, ...examples.credentials });
    assert.equal(line({ ...examples.credentials, fault: 'line 1' })['level'], 50);
  });

  it('writes the stack of a defect under err', () => {
    const { err, ...rest } = line(examples.defect) as { readonly err: Line };
    assert.deepEqual(rest, { level: 50, event: 'defect', id: 'r1', msg: 'x is undefined' });
    assert.equal(err['type'], 'TypeError');
    assert.match(String(err['stack']), /x is undefined\n/);
  });

  it('has texts without values, unless they are asked for, and makes none that is not written', () => {
    const { statement } = examples;
    assert.deepEqual(line(statement), { level: 20, event: 'statement', id: 'r1', role: 'reader', sql: `'?'` });
    const [shown] = written([statement], { values: 'shown' });
    assert.equal(shown?.['sql'], `'Jan'`);
    const untold: Observation = { ...statement, sql: () => assert.fail('a text was made for nobody') };
    assert.deepEqual(written([untold], { level: 'info' }), []);
  });

  it('writes nothing below its level', () => {
    const all = Object.values(examples);
    const names = (level: LogSettings['level']) => written(all, { level }).map(({ event }) => String(event));
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) {
      const expected = all.filter((one) => levels[levelOf(one)] >= levels[level]).map(({ event }) => event);
      assert.deepEqual(names(level), expected);
    }
    assert.deepEqual(names('silent'), []);
  });
});

describe('docs/log.md', () => {
  const text = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((row) => row.startsWith('| `'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

  it('has every kind of event once, with its meaning and its level, and no other', () => {
    const stated = rows.map(([name = '', level = '', meaning = '']) => [name, level, meaning]);
    const actual = Object.entries(eventKinds).map(([name, kind]) => [
      `\`${name}\``,
      typeof kind.level === 'string' ? kind.level : null,
      kind.text,
    ]);
    assert.deepEqual(stated.map(([name]) => name).sort(), actual.map(([name]) => name).sort());
    for (const [name, level, meaning] of actual) {
      const row = stated.find(([other]) => other === name);
      assert.equal(row?.[2], meaning, String(name));
      // A level that depends on the event is said in words.
      assert.ok(level === null ? row?.[1]?.includes(',') : row?.[1] === level, `${String(name)}: ${row?.[1]}`);
    }
  });

  it('has the fields of every line', () => {
    for (const [name, event] of Object.entries(examples)) {
      const { level: _, event: __, ...fields } = line(event);
      const row = rows.find(([first]) => first === `\`${name}\``);
      const stated = [...(row?.[3] ?? '').matchAll(/`(\w+)`/g)].map(([, field]) => field);
      assert.deepEqual(stated, Object.keys(fields), name);
    }
  });
});
