import assert from 'node:assert/strict';
import { declaredFor } from '../../src/json/reading/other-spelling.ts';
import { entityType, property } from '../edm/small-model.ts';
import { fails, feeds, json, page, read } from './told-feed.ts';

describe('names that a feed spells in other case than its $metadata', () => {
  const { connect } = feeds();
  const telling = (...bodies: readonly unknown[]) => {
    const left = [...bodies];
    return connect((_request, response) => json(response, JSON.stringify(left.length > 1 ? left.shift() : left[0])));
  };

  it('of all properties, or of one, in all rows or in one: have their values', async () => {
    const rows = [
      { ID: 1, Subject: 'a', Cost: 1.5 },
      { id: 2, subject: 'b', COST: null },
      { Id: 3, subject: 'c' },
      { id: 4, other: 'd' },
    ];
    const upstream = await telling({ value: rows });
    const { text } = await page(upstream, 'FarCalls?$select=id,subject,cost');
    assert.equal(
      text,
      [
        '{"id":1,"subject":"a","cost":1.5}',
        '{"id":2,"subject":"b","cost":null}',
        '{"id":3,"subject":"c","cost":null}',
        '{"id":4,"subject":null,"cost":null}',
      ].join(','),
    );
  });

  it('beside the declared name: that one is meant', async () => {
    const upstream = await telling({ value: [{ Subject: 'other', id: 1, subject: 'a' }] });
    assert.equal((await page(upstream, 'FarCalls?$select=id,subject')).text, '{"id":1,"subject":"a"}');
  });

  it('more than one for one property: nobody can tell, and the property is named', async () => {
    const upstream = await telling({ value: [{ id: 1, Subject: 'a', SUBJECT: 'b' }] });
    await assert.rejects(
      page(upstream, 'FarCalls?$select=id,subject'),
      fails('UpstreamRefused', /SUBJECT, which its \$metadata does not declare, and which may be subject/),
    );
  });

  it('of one row, of a value, of what $expand leads to and is said of it', async () => {
    const upstream = await telling(
      { Id: 'a', Name: 'x' },
      { Name: 'x' },
      { value: [{ Id: 'a', calls: [{ ID: 1, SUBJECT: 's' }], 'calls@odata.count': 7 }] },
      { value: [{ id: 1, agent: { ID: 'a', Name: 'x' } }] },
    );
    const entity = await read(upstream, "FarAgents('a')?$select=id,name");
    assert.equal(entity.kind === 'entity' && Buffer.from(entity.json).toString(), '{"id":"a","name":"x"}');
    const value = await read(upstream, "FarAgents('a')/name");
    assert.equal(value.kind === 'property' && value.raw, 'x');
    assert.equal(
      (await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id,subject;$count=true)')).text,
      '{"id":"a","Calls@odata.count":7,"Calls":[{"id":1,"subject":"s"}]}',
    );
    assert.equal(
      (await page(upstream, 'FarCalls?$select=id&$expand=Agent($select=name)')).text,
      '{"id":1,"Agent":{"name":"x"}}',
    );
  });

  it('are told from names that are declared, and from names of nothing', () => {
    const type = entityType(
      'Row',
      ['id'],
      [property('id', 'Edm.Int64'), property('Id', 'Edm.Int64'), property('a', 'Edm.String')],
    );
    const found = declaredFor(type);
    for (const [name, expected] of [
      ['id', []],
      ['Id', []],
      ['ID', ['id', 'Id']],
      ['A', ['a']],
      ['b', []],
    ] as const) {
      for (const _ of [1, 2]) {
        assert.deepEqual(found(name), expected, name);
      }
    }
  });
});
