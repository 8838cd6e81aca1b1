import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { FileAccess } from '../../src/access/access.ts';
import { parseAccess } from '../../src/access/read-access.ts';
import { withoutUser } from '../../src/access/user-claims.ts';
import { unobserved } from '../../src/observation/observe.ts';
import type { Grants } from '../../src/plan/grants.ts';
import { describePlan } from '../../src/plan/model/describe.ts';
import { restrict } from '../../src/plan/restrict.ts';
import { visible } from '../../src/plan/visible.ts';
import { namedPrincipal, noClaims, type Principal } from '../../src/sign-in/principal.ts';
import { catalogue } from '../http/rights/personal-model.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

const read = (text: string) => parseAccess({ file: 'access.yaml', text }, catalogue);

function accessOf(text: string): FileAccess {
  const { document, faults } = read(text);
  assert.deepEqual(faults, []);
  assert.ok(document !== null);
  return new FileAccess(document, unobserved);
}

const token = (all: Readonly<Record<string, unknown>>, more: Partial<Principal> = {}): Principal => ({
  ...{ id: 'entra:t:o', name: 'jan', kind: 'entra', tenant: 't' },
  claims: { ...noClaims, all: new Map(Object.entries(all)) },
  ...more,
});

const rows = (grants: Grants, url = 'Cases'): string | undefined =>
  /rows of Cases (.*)/.exec(describePlan(restrict(planOf(url), grants), { values: 'shown' }))?.[1];

const one = (rest: string): string =>
  `roles:\n  r:\n    who: [{ everyone: true }, { kinds: [entra, key] }]\n    read:\n${rest}`;
const conditioned = (condition: string): FileAccess =>
  accessOf(one(`      - { sets: [Cases], rows: "${condition}" }\n      - { sets: [Agents, Messages] }\n`));

describe('a file of rules', () => {
  it('is told all faults at once, with line and place', () => {
    const { document, faults } = read(`roles:
  a:
    who: []
    reads: []
  b:
    who: [{ name: x }]
    operations: [write]
`);
    assert.equal(document, null);
    assert.ok(faults.length >= 4, faults.join('\n'));
    assert.ok(
      faults.every((fault) => /^access\.yaml:\d+ roles\./.test(fault)),
      faults.join('\n'),
    );
  });

  for (const [why, entry, message] of [
    [
      'an unknown set',
      '{ sets: [Case] }',
      /roles\.r\.read\[0\]: There is no entity set 'Case'\. Perhaps you meant 'Cases'/,
    ],
    ['an unknown source', '{ sources: [nowhere] }', /There is no source 'nowhere'/],
    ['an unknown property', '{ sets: [Cases], hide: [Titel] }', /no property 'Titel'\. Perhaps you meant 'Title'/],
    ['a hidden key', '{ sets: [Cases], hide: [Id] }', /its key cannot be hidden/],
    ['a condition that cannot be', '{ sets: [Cases], rows: "Titel in $user/teams" }', /no property 'Titel'/],
    ['a condition that fits no claim', '{ sets: [Cases], rows: "$user/a add 1" }', /`add` of the Edm\.String/],
    ['an alias, which stands for nothing', '{ sets: [Cases], rows: "Title eq @a" }', /@a stands for nothing/],
    ['no set at all', '{ hide: [Id] }', /at least one of all, sources and sets/],
  ] as const) {
    it(`cannot have ${why}`, () => {
      const { document, faults } = read(one(`      - ${entry}\n`));
      assert.equal(document, null);
      assert.match(faults.join('\n'), message);
    });
  }
});

describe('who has a role', () => {
  const access = accessOf(`roles:
  named: { who: [{ names: [jan] }], read: [{ sets: [Cases] }] }
  app: { who: [{ roles: [Feed.Read], tenants: [t] }], operations: [read, replay], read: [{ sets: [Agents] }] }
  client: { who: [{ scopes: [Other] }, { groups: [g] }, { ids: ['entra:t:x'] }], operations: [ingest] }
`);

  it('a name is enough for a password or key, and never for a token', () => {
    assert.deepEqual(access.rolesOf(namedPrincipal('key', 'jan')), ['named']);
    assert.deepEqual(access.rolesOf(token({})), []);
    assert.deepEqual(access.rolesOf(null), []);
  });

  it('all that is said has to hold, one of each list', () => {
    const app = token({}, { claims: { ...noClaims, roles: ['Feed.Read', 'Else'] } });
    assert.deepEqual(access.rolesOf(app), ['app']);
    assert.deepEqual(access.rolesOf({ ...app, tenant: 'other' }), []);
    assert.deepEqual(access.rolesOf(token({}, { claims: { ...noClaims, groups: ['g'] } })), ['client']);
    assert.deepEqual(access.rolesOf(token({}, { id: 'entra:t:x' })), ['client']);
    assert.deepEqual(
      ['read', 'replay', 'ingest', 'administer'].map((operation) => access.allows(app, operation as 'read')),
      [true, true, false, false],
    );
  });

  describe('by groups, of a token that leaves them out', () => {
    const rules = accessOf(`roles:
  app: { who: [{ roles: [Feed.Read] }], read: [{ sets: [Cases], columns: [Id] }] }
  group: { who: [{ groups: [g], tenants: [t] }, { scopes: [All] }], operations: [read, replay], read: [{ sets: [Agents] }] }
`);
    const withheld = (more: Partial<Principal['claims']>, tenant = 't'): Principal =>
      token({}, { tenant, claims: { ...noClaims, groupsWithheld: true, ...more } });
    const missing = { code: 'AccessDenied', message: /groups .* role of the application/ };

    it('is refused where it cannot be known, for rights, roles and operations alike', () => {
      for (const one of [withheld({}), withheld({ roles: ['Feed.Read'] })]) {
        assert.throws(() => rules.rolesOf(one), missing);
        assert.throws(() => rules.grantsOf(one, catalogue), missing);
        assert.throws(() => rules.allows(one, 'replay'), missing);
      }
    });

    it('is let in where the groups could change nothing', () => {
      assert.deepEqual(rules.rolesOf(withheld({ scopes: ['All'] })), ['group']);
      assert.deepEqual(rules.rolesOf(withheld({ roles: ['Feed.Read'] }, 'elsewhere')), ['app']);
      assert.deepEqual(rules.rolesOf(token({}, { claims: { ...noClaims, groups: ['g'] } })), ['group']);
      assert.deepEqual(rules.rolesOf(token({})), []);
    });

    it('is refused where a condition on rows speaks of them', () => {
      const rows = accessOf(`roles:
  any: { who: [{ kinds: [entra] }], read: [{ sets: [Cases], rows: "Title in $user/groups" }] }
`);
      assert.throws(() => rows.grantsOf(withheld({}), catalogue), missing);
      assert.equal(rows.grantsOf(token({ groups: ['g'] }), catalogue).sets?.size, 1);
    });
  });

  it('what no rule grants is not there', () => {
    assert.deepEqual([...(access.grantsOf(null, catalogue).sets?.keys() ?? ['all'])], []);
    const seen = visible(catalogue.model, access.grantsOf(namedPrincipal('basic', 'jan'), catalogue));
    assert.deepEqual([...seen.entitySets.keys()], ['Cases']);
  });
});

describe('claims in conditions', () => {
  it('are told from texts in quotes', () => {
    assert.deepEqual(withoutUser("Title eq '$user/x''s' or Title in $user/teams and Id gt $user/n"), {
      text: "Title eq '$user/x''s' or Title in @user_list_teams and Id gt @user_n",
      claims: [
        { alias: 'user_list_teams', name: 'teams', list: true },
        { alias: 'user_n', name: 'n', list: false },
      ],
    });
  });

  const teams = conditioned('Title in $user/teams');
  const of = (access: FileAccess, claims: Readonly<Record<string, unknown>>) =>
    rows(access.grantsOf(token(claims), catalogue));

  it('stand for their values', () => {
    assert.equal(of(teams, { teams: ["O'Neil", 'a'] }), "(in Title? ['O''Neil':String 'a':String])");
    assert.equal(of(conditioned('Priority ge $user/least'), { least: 3 }), "(ge Priority? '3':Int32)");
    assert.equal(of(conditioned('Open eq $user/open'), { open: true }), "(eq Open? 'true':Boolean)");
    const id = '0b1d4c57-9d3e-4f6a-8b8c-9d0e8a2f6c1e';
    assert.equal(of(conditioned('Token eq $user/oid'), { oid: id }), `(eq Token? '${id}':Guid)`);
  });

  it('are days where a day stands, and moments where a moment does', () => {
    const day = conditioned('DueOn ge $user/from');
    const days = conditioned('DueOn in $user/days');
    const moment = conditioned('CreatedAt ge $user/from');
    assert.equal(of(day, { from: '2026-03-01' }), "(ge DueOn? '2026-03-01':Date)");
    assert.equal(of(days, { days: ['2026-03-01'] }), "(in DueOn? ['2026-03-01':Date])");
    assert.equal(of(day, { from: '2026-03-01T00:00:00Z' }), "'false':Boolean");
    assert.match(
      of(moment, { from: '2026-03-01T00:00:00Z' }) ?? '',
      /^\(ge CreatedAt\? '2026-03-01T00:00:00\S*Z':DateTimeOffset\)$/,
    );
    assert.equal(of(moment, { from: '2026-03-01' }), "'false':Boolean");
  });

  for (const [what, claims] of [
    ['missing', {}],
    ['null', { teams: null }],
    ['a text', { teams: 'a' }],
    ['an empty list', { teams: [] }],
    ['a list with something else in it', { teams: ['a', 1] }],
    ['an object', { teams: { a: 1 } }],
  ] as const) {
    it(`give no row where one is ${what}, whatever the condition makes of it`, () => {
      for (const condition of [
        'Title in $user/teams',
        'not (Title in $user/teams)',
        'Id gt 0 or Title in $user/teams',
        'not (Title in $user/teams and Id eq 1)',
      ]) {
        assert.equal(of(conditioned(condition), claims), "'false':Boolean", condition);
      }
    });
  }

  it('give no row under ne, not and le either where one is of another type', () => {
    for (const condition of [
      'Title ne $user/c',
      'not (Title eq $user/c)',
      'Priority le $user/c',
      'not (Priority ne $user/c)',
    ]) {
      for (const value of [undefined, null, true, ['a'], {}]) {
        assert.equal(of(conditioned(condition), value === undefined ? {} : { c: value }), "'false':Boolean", condition);
      }
    }
    assert.equal(of(conditioned('Small ne $user/c'), { c: 'x' }), "'false':Boolean");
    assert.equal(of(conditioned('Title ne $user/c'), { c: 1 }), "'false':Boolean");
  });

  it('of a password or key are those of the file, and its name', () => {
    const access = accessOf(
      `claims:\n  jan: { team: Gold }\n${one(`      - { sets: [Cases], rows: "Title in ($user/team,$user/sub)" }\n`)}`,
    );
    assert.equal(
      rows(access.grantsOf(namedPrincipal('key', 'jan'), catalogue)),
      "(in Title? ['Gold':String 'jan':String])",
    );
    assert.equal(rows(access.grantsOf(namedPrincipal('key', 'an'), catalogue)), "'false':Boolean");
    assert.equal(rows(access.grantsOf(token({ sub: 'x' }), catalogue)), "'false':Boolean");
    assert.equal(
      rows(access.grantsOf(token({ sub: 'x', team: 'constructor' }), catalogue)),
      "(in Title? ['constructor':String 'x':String])",
    );
  });

  it('make one grant of what is the same to the rules, in whatever order', () => {
    const grants = teams.grantsOf(token({ teams: ['a', 'b'], oid: 1 }), catalogue);
    assert.equal(teams.grantsOf(token({ teams: ['b', 'a'], oid: 2 }), catalogue), grants);
    const other = teams.grantsOf(token({ teams: ['c'] }), catalogue);
    assert.notEqual(other, grants);
    assert.equal(visible(catalogue.model, other), visible(catalogue.model, grants));
  });
});

describe('columns of an entry', () => {
  const columns = (entry: string): string => {
    const grants = accessOf(one(`      - ${entry}\n`)).grantsOf(null, catalogue);
    const type = visible(catalogue.model, grants).entitySets.get('Cases')?.entityType;
    return [...(type?.properties.values() ?? [])]
      .filter(({ name }) => /^(Id|Title|Priority|Open)$/.test(name))
      .map(({ name, shown }) => `${name}${shown === undefined ? '' : `:${shown}`}`)
      .join();
  };

  it('are those that are named and the key; or all but some; by name or class, hidden or masked', () => {
    assert.equal(columns('{ sets: [Cases], columns: [Title] }'), 'Id,Title');
    assert.equal(columns('{ sets: [Cases], hide: [Open] }'), 'Id,Title,Priority');
    assert.equal(columns('{ all: true, hideClasses: [direct] }'), 'Id,Priority,Open');
    assert.equal(columns('{ all: true, mask: [direct, content] }'), 'Id,Title:masked,Priority,Open');
  });

  it('of two roles join row by row', () => {
    const access = accessOf(`roles:
  a: { who: [{ everyone: true }], read: [{ sets: [Cases], columns: [Title], rows: Open }] }
  b: { who: [{ everyone: true }], read: [{ sets: [Cases], columns: [Priority], rows: Id gt 5 }] }
`);
    const text = describePlan(restrict(planOf('Cases'), access.grantsOf(null, catalogue)), { values: 'shown' });
    assert.match(
      text,
      /rows of Cases \(or\? Open\? \(gt Id '5':Int64\)\)\n {2}Title: value where Open\?\n {2}Priority: value where \(gt Id '5':Int64\)/,
    );
  });
});

describe('docs/rights.md', () => {
  it('shows a file that is right as it stands', () => {
    const text = readFileSync(new URL('../../docs/rights.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
    const own = catalogueOf(metadataFolder);
    const { document, faults, warnings } = parseAccess({ file: 'access.yaml', text: example }, own);
    assert.deepEqual([faults, warnings], [[], []]);
    assert.ok(document !== null);
    const grants = new FileAccess(document, unobserved).grantsOf(namedPrincipal('key', 'power-bi-gold'), own);
    assert.equal(grants.sets?.size, 2);
  });
});
