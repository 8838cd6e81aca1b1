import assert from 'node:assert/strict';
import fc from 'fast-check';
import { clientOf, cutAgent } from '../../../src/http/audit/audit-record.ts';
import { auditedQuery } from '../../../src/http/audit/audited-query.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';

const { model } = catalogueOf(metadataFolder);
const audited = (query: string): string => auditedQuery(query, model);
const personal = [...model.entityTypes.values()].flatMap(({ properties }) =>
  [...properties.values()].filter(({ personalData = 'none' }) => personalData !== 'none').map(({ name }) => name),
);

describe('a query in the audit', () => {
  it('stands as it was meant, where it speaks of nobody', () => {
    assert.equal(audited('%24filter=LoadId%20eq%207&$top=5'), '$filter=LoadId eq 7&$top=5');
    assert.equal(
      audited("$filter=State+eq+'loaded'&$select=LoadId,State"),
      "$filter=State eq 'loaded'&$select=LoadId,State",
    );
    assert.equal(audited(''), '');
  });

  it('has no literal where it names personal data, searches, or cannot be decoded; no token, no unknown value', () => {
    assert.ok(personal.length > 20);
    const [name = ''] = personal;
    assert.equal(
      audited(`$filter=${name} eq 'Jan Jansen' and LoadId eq 7&$top=3`),
      `$filter=${name} eq ? and LoadId eq ?&$top=?`,
    );
    assert.equal(audited(`$filter=${name} in @p&@p=["Jan","O\\"Neil"]`), `$filter=${name} in @p&@p=[?,?]`);
    assert.equal(audited(`$filter=contains(tolower(${name}),'o''n')`), `$filter=contains(tolower(${name}),?)`);
    assert.equal(audited(`$filter=${name} eq 'never closed`), `$filter=${name} eq ?`);
    assert.equal(audited("$filter=FulName eq 'Jan' and State eq 'loaded'"), '$filter=? eq ? and State eq ?');
    assert.equal(audited('$search=Jansen'), '$search=?');
    assert.equal(audited('$filter=%zz'), '$filter=?');
    assert.equal(audited('$skiptoken=abc&x=Jan&Jan Jansen&$id=Cases(1)'), '$skiptoken=?&x=?&?&$id=?');
  });

  it('property: a value compared with personal data is in no place of it, however it is written', () => {
    const secret = fc.stringMatching(/^zq[a-z0-9]{4,9}$/);
    const written = fc.constantFrom(
      (name: string, value: string) => `$filter=${name} eq '${value}'`,
      (name: string, value: string) => `$filter=${encodeURIComponent(`startswith(${name},'${value}') or LoadId eq 1`)}`,
      (name: string, value: string) => `$filter=${name} eq @v&@v='${value}'`,
      (name: string, value: string) => `$apply=filter(${name} eq '${value}')/aggregate($count as C)`,
      (name: string, value: string) => `$expand=Load($filter=${name} eq '${value}')`,
      (name: string, value: string) => `$compute=concat(${name},'${value}') as X&$orderby=X`,
      (name: string, value: string) => `$filter=${name} eq ${value}`,
      (name: string, value: string) => `$filter=Agents/any(a:a/${name} eq "${value}")`,
    );
    fc.assert(
      fc.property(fc.constantFrom(...personal), secret, written, (name, value, write) => {
        const query = write(name, value);
        assert.ok(!audited(query).includes(value), `${query} -> ${audited(query)}`);
      }),
      { numRuns: 500 },
    );
  });

  it('property: whatever comes, it is told, bounded and without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (query) => {
        assert.doesNotMatch(audited(query), /\p{Cc}/u);
      }),
      { numRuns: 500 },
    );
    assert.equal(audited(`$select=${'Loads,'.repeat(9000)}`).length, 4000);
  });

  it('programs are known by their user agents, which are cut', () => {
    const known = [
      'Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)',
      'curl/8.5.0',
      'python-requests/2.31',
      'Mozilla/5.0 (X11)',
      'x',
    ];
    assert.deepEqual(known.map(clientOf), ['Power Query', 'curl', 'Python', 'browser', null]);
    assert.equal(cutAgent(`a\nb${'x'.repeat(500)}`).length, 200);
    assert.ok(!cutAgent('a\nb').includes('\n'));
  });
});
