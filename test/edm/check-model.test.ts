import assert from 'node:assert/strict';
import { checkModel } from '../../src/edm/check-model.ts';
import type { Model, NavigationProperty, Property } from '../../src/edm/model.ts';
import { entitySet, entityType, modelOf, property, smallModel } from './small-model.ts';

const to = (name: string, target: string, more: Partial<NavigationProperty> = {}): NavigationProperty => ({
  kind: 'NavigationProperty',
  name,
  target,
  collection: false,
  nullable: true,
  join: [{ property: 'ref', referencedProperty: 'id' }],
  ...more,
});
const id = property('id', 'Edm.String', { nullable: false });
const ref = property('ref', 'Edm.String');
const one = (...members: (Property | NavigationProperty)[]): Model =>
  modelOf([entitySet('Things', entityType('Thing', ['id'], members))]);
const bound = (navigation: NavigationProperty, bindings: Record<string, string>): Model =>
  modelOf([entitySet('Things', entityType('Thing', ['id'], [id, ref, navigation]), bindings)]);

const cases: readonly (readonly [rule: string, model: Model, path: string, message: RegExp])[] = [
  ['unsafe property name', one(id, property('a%b', 'Edm.String')), 'Thing/a%b', /does not match/],
  [
    'name longer than 128',
    one(id, property('a'.repeat(129), 'Edm.String')),
    `Thing/${'a'.repeat(129)}`,
    /does not match/,
  ],
  ['names differing in case', one(id, property('ID', 'Edm.String')), 'Thing/ID', /differs from id in case only/],
  ['property named as its type', one(id, property('Thing', 'Edm.String')), 'Thing/Thing', /name of its entity type/],
  ['no key', modelOf([entitySet('Things', entityType('Thing', [], [id]))]), 'Thing', /no key/],
  ['key twice', modelOf([entitySet('Things', entityType('Thing', ['id', 'id'], [id]))]), 'Thing', /twice/],
  ['key without property', one(ref), 'Thing/id', /does not exist/],
  ['nullable key', one(property('id', 'Edm.String')), 'Thing/id', /must not be nullable/],
  ['double as key', one(property('id', 'Edm.Double', { nullable: false })), 'Thing/id', /cannot be a key/],
  [
    'MaxLength of a number',
    one(id, property('n', 'Edm.Int32', { maxLength: 3 })),
    'Thing/n',
    /MaxLength is not a facet/,
  ],
  ['Precision of a date', one(id, property('n', 'Edm.Date', { precision: 3 })), 'Thing/n', /Precision is not a facet/],
  ['Scale of a double', one(id, property('n', 'Edm.Double', { scale: 3 })), 'Thing/n', /Scale is not a facet/],
  ['Scale over Precision', one(id, property('n', 'Edm.Decimal', { precision: 2, scale: 3 })), 'Thing/n', /greater/],
  ['unknown type', one(id, property('n', 'Edm.Geography' as Property['type'])), 'Thing/n', /not a known primitive/],
  ['navigation to nowhere', bound(to('Other', 'Gone'), { Other: 'Things' }), 'Thing/Other', /not an entity type/],
  [
    'join of unknown property',
    bound(to('Other', 'Thing', { join: [{ property: 'x', referencedProperty: 'id' }] }), { Other: 'Things' }),
    'Thing/Other',
    /joins x, which/,
  ],
  [
    'unknown partner',
    bound(to('Other', 'Thing', { partner: 'Back' }), { Other: 'Things' }),
    'Thing/Other',
    /partner Back/,
  ],
  [
    'not nullable over nullable',
    bound(to('Other', 'Thing', { nullable: false }), { Other: 'Things' }),
    'Thing/Other',
    /not nullable although/,
  ],
  ['unbound navigation', bound(to('Other', 'Thing'), {}), 'Container/Things', /does not bind/],
  ['binding to nowhere', bound(to('Other', 'Thing'), { Other: 'Gone' }), 'Container/Things', /not an entity set/],
  ['binding of nothing', bound(to('Other', 'Thing'), { Other: 'Things', X: 'Things' }), 'Container/Things', /binds X/],
];

describe('checkModel', () => {
  it('finds nothing in a sound model', () => {
    assert.deepEqual(checkModel(smallModel()), []);
  });

  for (const [rule, model, path, message] of cases) {
    it(`reports ${rule}`, () => {
      const faults = checkModel(model);
      assert.ok(
        faults.some((fault) => fault.path === path && message.test(fault.message)),
        JSON.stringify(faults),
      );
    });
  }

  it('reports a binding to a set of another type', () => {
    const model = smallModel();
    const cases = model.entitySets.get('Cases');
    assert.ok(cases);
    const wrong: Model = {
      ...model,
      entitySets: new Map([
        ...model.entitySets,
        ['Cases', { ...cases, navigationPropertyBindings: new Map([['Agent', 'Cases']]) }],
      ]),
    };
    assert.match(
      checkModel(wrong)
        .map((fault) => fault.message)
        .join('\n'),
      /whose type is Case, not Agent/,
    );
  });
});
