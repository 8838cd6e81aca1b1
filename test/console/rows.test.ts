import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FeedSet, readModel } from '../../src/console/feed/model.ts';
import { hashOf, readRoute } from '../../src/console/route.ts';
import { numberText } from '../../src/console/rows/cells.ts';
import {
  choiceText,
  csvUrl,
  everyRow,
  mQuery,
  mRequest,
  type RowChoice,
  readChoice,
  rowsUrl,
  urlOf,
} from '../../src/console/rows/choice.ts';
import { operators, operatorsFor } from '../../src/console/rows/conditions.ts';
import { mFault } from '../connect/parsed-m.ts';
import { runs } from '../support/runs.ts';

const column = (name: string, type: string, more: Partial<FeedSet['columns'][number]> = {}) => ({
  ...{ name, type, collection: false, nullable: true, description: '', personal: null, isKey: false },
  ...more,
});

const set: FeedSet = {
  ...{ name: 'Things', title: 'Things', description: '', relations: [] },
  columns: [
    column('Id', 'Edm.Int64', { isKey: true }),
    column('Name', 'Edm.String'),
    column('Amount', 'Edm.Decimal'),
    column('At', 'Edm.DateTimeOffset'),
    column('On', 'Edm.Date'),
    column('Open', 'Edm.Boolean'),
    column('Key', 'Edm.Guid'),
    column('List', 'Edm.String', { collection: true }),
    column('Took', 'Edm.Duration'),
  ],
};
const zone = 'Europe/Amsterdam';
const where = (name: string, operator: (typeof operators)[number], value = ''): RowChoice => ({
  ...everyRow,
  conditions: [{ column: name, operator, value }],
});
const filterOf = (choice: RowChoice): string | null =>
  new URLSearchParams(rowsUrl(choice, set, zone).split('?')[1]).get('$filter');

describe('rows that the console asks for', () => {
  it('a condition is said in the type of its column, and not at all while it is none', () => {
    for (const [choice, filter] of [
      [where('Name', 'eq', "It's"), "Name eq 'It''s'"],
      [where('Name', 'contains', 'a+b&c'), "contains(Name,'a+b&c')"],
      [where('Name', 'eq', ''), null],
      [where('Id', 'ge', '9007199254740993'), 'Id ge 9007199254740993'],
      [where('Id', 'eq', '1.5'), null],
      [where('Amount', 'le', '-1.50'), 'Amount le -1.50'],
      [where('Amount', 'eq', '1e5'), null],
      [where('Open', 'eq', 'true'), 'Open eq true'],
      [where('Open', 'eq', 'yes'), null],
      [where('Key', 'eq', '8B34DBC2-c05e-44d7-925d-48efeace8245'), 'Key eq 8B34DBC2-c05e-44d7-925d-48efeace8245'],
      [where('Key', 'eq', '1 or true'), null],
      [where('On', 'ge', '2026-02-28'), 'On ge 2026-02-28'],
      [where('On', 'ge', '2026-02-30'), null],
      [where('At', 'ge', '2026-11-03T00:00'), 'At ge 2026-11-02T23:00:00Z'],
      [where('At', 'le', '2026-07-03T12:30'), 'At le 2026-07-03T10:30:00Z'],
      [where('At', 'empty'), 'At eq null'],
      [where('Took', 'filled'), 'Took ne null'],
      [where('Gone', 'eq', 'x'), null],
    ] as const) {
      assert.equal(filterOf(choice), filter, JSON.stringify(choice.conditions));
    }
    assert.deepEqual(operatorsFor(set.columns[7] ?? column('', '')), []);
  });

  it('no text that is typed becomes more than one literal', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const filter = filterOf(where('Name', 'eq', text));
        const literal = /^Name eq '((?:[^']|'')*)'$/s.exec(filter ?? "Name eq ''")?.[1];
        assert.equal(literal?.replaceAll("''", "'"), text.trim());
      }),
      { numRuns: runs(200) },
    );
  });

  it('columns, order and conditions are one request, which a program can be given', () => {
    const choice: RowChoice = {
      columns: ['Name', 'Id'],
      conditions: [
        { column: 'Name', operator: 'startswith', value: 'A' },
        { column: 'Open', operator: 'filled', value: '' },
      ],
      sort: { column: 'At', descending: true },
    };
    const url = "Things?$select=Id,Name&$filter=startswith(Name,'A')%20and%20Open%20ne%20null&$orderby=At%20desc";
    assert.equal(rowsUrl(choice, set, zone), url);
    assert.equal(csvUrl(choice, set, zone), `${url}&$format=csv;formulas=guarded`);
    assert.equal(rowsUrl(everyRow, set, zone), 'Things');
    assert.equal(urlOf('A', [['$filter', 'a&b=c#d%']]), 'A?$filter=a%26b=c%23d%25');
  });

  it('is said in M that Microsoft’s parser takes, whatever is typed', async () => {
    const place = { root: 'http://localhost/odata/', zone };
    const everything: RowChoice = {
      columns: ['Id', 'At'],
      conditions: [
        ...[where('At', 'ge', '2026-11-03T00:00'), where('On', 'eq', '2026-11-03'), where('Amount', 'le', '-1.5')],
        ...[where('Open', 'eq', 'false'), where('Name', 'contains', 'x'), where('Took', 'empty')],
      ].flatMap(({ conditions }) => conditions),
      sort: { column: 'At', descending: false },
    };
    const text = mQuery(everything, set, place);
    assert.match(
      text,
      /each \[At\] >= #datetimezone\(2026, 11, 2, 23, 0, 0, 0, 0\) and \[On\] = #date\(2026, 11, 3\) and/,
    );
    assert.equal(await mFault(text), null);
    for (const typed of ['"', '#(', '#(lf)', "'", '") meta [a="', 'let', '\u0001']) {
      assert.equal(await mFault(mQuery(where('Name', 'eq', `a${typed}b`), set, place)), null, typed);
    }
    assert.equal(await mFault(mRequest('http://localhost/odata/A?$apply=aggregate($count%20as%20N)')), null);
  });

  it('stands in the address of the page, and comes back from there', () => {
    const plain = { noNullPrototype: true } as const;
    const conditions = fc.record(
      {
        column: fc.constantFrom(...set.columns.map(({ name }) => name)),
        operator: fc.constantFrom(...operators),
        value: fc.string(),
      },
      plain,
    );
    const chosen = fc.record(
      {
        columns: fc.subarray(set.columns.map(({ name }) => name)),
        conditions: fc.array(conditions, { maxLength: 3 }),
        sort: fc.option(fc.record({ column: fc.constantFrom('Id', 'At'), descending: fc.boolean() }, plain)),
      },
      plain,
    );
    fc.assert(
      fc.property(chosen, (choice) => {
        const { path, query } = readRoute(hashOf(['sets', 'a/b?c#d'], choiceText(choice)));
        assert.deepEqual([path, readChoice(query, set)], [['sets', 'a/b?c#d'], choice]);
      }),
      { numRuns: runs(200) },
    );
    assert.deepEqual(readChoice('column=Gone&where=Gone+eq+1&where=Id+drop+1&sort=-Gone', set), everyRow);
    assert.deepEqual(readRoute('#/%E0%A4%A/x').path, ['%E0%A4%A', 'x']);
  });

  it('a model is read from the documents of the feed; what is none says so', () => {
    const type = {
      ...{ $Kind: 'EntityType', $Key: ['Id'], Id: { $Type: 'Edm.Int64' }, Name: { $Nullable: true } },
      Team: { $Kind: 'NavigationProperty', $Type: 'N.Team', $ReferentialConstraint: { TeamId: 'Id' } },
      Unbound: { $Kind: 'NavigationProperty', $Type: 'N.Team' },
    };
    const metadata = {
      $EntityContainer: 'N.C',
      N: {
        Thing: type,
        C: { Things: { $Collection: true, $Type: 'N.Thing', $NavigationPropertyBinding: { Team: 'Teams' } } },
      },
    };
    const service = {
      value: [{ name: 'Things', title: 'All things' }, { name: 'Gone' }, { name: 'F', kind: 'FunctionImport' }],
    };
    const model = readModel(service, metadata);
    assert.deepEqual([...model.keys()], ['Things']);
    const things = model.get('Things');
    assert.equal(things?.title, 'All things');
    assert.deepEqual(
      things?.columns.map(({ name, type: of, nullable, isKey }) => [name, of, nullable, isKey]),
      [
        ['Id', 'Edm.Int64', false, true],
        ['Name', 'Edm.String', true, false],
      ],
    );
    assert.deepEqual(
      things?.relations.map(({ name, target, on }) => [name, target, on]),
      [['Team', 'Teams', [['TeamId', 'Id']]]],
    );
    for (const [one, other] of [
      [null, metadata],
      [service, null],
      [service, {}],
      [{ value: 1 }, metadata],
    ]) {
      assert.throws(() => readModel(one, other), TypeError);
    }
  });
});

describe('numbers in a cell', () => {
  it('have their thousands apart, unless they name something, and lose no digit', () => {
    const led: FeedSet = {
      ...set,
      relations: [
        { name: 'Team', target: 'Teams', collection: false, description: '', on: [['TeamNumber', 'TeamNumber']] },
      ],
    };
    const told = (name: string, isKey = false): string =>
      numberText('9007199254740993', column(name, 'Edm.Int64', { isKey }), led);
    for (const name of ['Id', 'ResultId', 'customID', 'TeamNumber']) {
      assert.equal(told(name), '9007199254740993', name);
    }
    assert.equal(told('Number', true), '9007199254740993');
    for (const name of ['Paid', 'HandleSeconds', 'Valid', 'Idle']) {
      assert.equal(told(name), '9,007,199,254,740,993', name);
    }
  });
});
