import assert from 'node:assert/strict';
import { parseODataUri, settleQuery } from '../../src/uri/parse-uri.ts';
import { compact } from './compact.ts';
import { formsSayTheSame, noDisguisedNameIsIgnored, outcome } from './option-forms.ts';
import { withoutOffsets } from './print.ts';

const filterOf = (query: string): string => {
  const { filter } = parseODataUri(`Set?${query}`).options;
  return filter === undefined ? 'no filter' : compact(filter);
};

describe('C1 a name that is a system option but for blanks, line ends, escapes or &amp; is taken or refused', () => {
  for (const query of [
    '%20$filter=A gt 1',
    '+$filter=A%20gt%201',
    '%0D%0A$filter=A gt 1',
    '%09filter=A gt 1',
    '%C2%A0$filter=A gt 1',
    '%EF%BB%BF$filter=A gt 1',
    ' FILTER=A gt 1',
    '%20%24FilteR=A gt 1',
  ]) {
    it(`taken: ${query}`, () => assert.equal(filterOf(query), '[A gt 1]'));
  }

  for (const query of [
    '$filter%20=A gt 1',
    'filter%0D%0A=A gt 1',
    '$filter+=A gt 1',
    'amp;$filter=A gt 1',
    '$top=1&amp;$filter=A gt 1',
    '$top=1&amp;filter=A gt 1',
    '$top=1&amp;amp;$filter=A gt 1',
    '&amp%3B$filter=A gt 1',
    '%26amp;$filter=A gt 1',
    '%2338;$filter=A gt 1',
    '%2524filter=A gt 1',
    '%252524filter=A gt 1',
    'amp;%2524filter=A gt 1',
    '%26%2336%3Bfilter=A gt 1',
    '%EF%BC%84filter=A gt 1',
    '%EF%BD%86ilter=A gt 1',
    '%E2%80%8B$filter=A gt 1',
    '$%E2%80%8Bfilter=A gt 1',
    '$fil%C2%ADter=A gt 1',
    'fil%20ter=A gt 1',
    '%5C$filter=A gt 1',
    '"$filter"=A gt 1',
    '?$filter=A gt 1',
    ';$filter=A gt 1',
    '%26$filter=A gt 1',
    'filter%3DA gt 1',
    '=$filter=A gt 1',
    'filter[]=A gt 1',
    'mail=x%26$filter=A gt 1',
    'mail=x%2526%2524filter%253DA',
    'mail=x;$filter=A gt 1',
    'mail=x%0A$filter=A gt 1',
    'nbsp;$filter=A gt 1',
    'quot;$filter=A gt 1',
    'dollar;filter=A gt 1',
    '/$filter=A gt 1',
    'x$Filter=A gt 1',
    'amp;@p=1',
    '$format=application/json;$filter=A',
  ]) {
    it(`refused: ${query}`, () => {
      const found = outcome(query);
      assert.ok(found === 'UnknownOption' || found === 'UriSyntax', JSON.stringify(found));
    });
  }

  it('the message says which option is meant', () => {
    assert.throws(() => parseODataUri('Set?$top=1&amp;$filter=A gt 1'), {
      message: /the option "amp;\$filter" is not known; if \$filter is meant, write it alone, after '\?' or '&'/,
    });
    assert.throws(() => parseODataUri('Set?%E2%80%8B$top=1'), { message: /"\\u200b\$top".*\$top is meant/ });
  });

  it('an option that stands twice is refused, however its names differ', () => {
    for (const query of ['$filter=A eq 1&%20$filter=B eq 1', 'filter=A eq 1&%20%24FILTER=B eq 1', '$top=1&+top=1']) {
      assert.equal(outcome(query), 'InvalidOption', query);
    }
    assert.equal(outcome('@a=1&%20@a=2'), 'InvalidOption');
  });

  it('a parameter alias behind a blank is the alias', () => {
    assert.equal(compact(parseODataUri('Set?$filter=A eq @p&%20@p=%207').aliases.get('p') ?? assert.fail()), '7');
  });

  it('nested options stand where blanks and line ends surround their names and values', () => {
    const { options } = parseODataUri('Set?$expand=N(%20$filter=%20A eq 1%20;%20$top=%203%20)');
    assert.deepEqual(Object.keys(options.expand?.[0]?.options ?? {}), ['filter', 'top']);
    assert.equal(outcome('$expand=N(%2524filter=A eq 1)'), 'UriSyntax');
    assert.equal(outcome('$expand=N($select=A&amp;$top=1)'), 'UriSyntax');
  });

  it('what an ampersand cuts off a value is refused', () => {
    for (const query of [
      '$filter=A eq 1 & B eq 2',
      '$filter=A eq 1 && B eq 2',
      '$search=a & b',
      '$search=AT&T',
      '%24search=AT&T&$top=1',
      '$search=a %26 b&%20c',
    ]) {
      assert.throws(() => parseODataUri(`Set?${query}`), { code: 'UnknownOption', message: /is '%26', and/ }, query);
    }
  });

  it('custom options stay allowed', () => {
    const { custom, options } = parseODataUri(
      'Set?mail=a%2Bb@x.nl&api-key=a;b&utm_source=x&x-count=1&_top=2&filters=3&v%5B%5D=1&12345&back=https%3A%2F%2Fx%3Fa%3D1%26b%3D2',
    );
    assert.deepEqual(options, {});
    assert.equal(custom.get('mail'), 'a+b@x.nl');
    assert.deepEqual([...custom.keys()].length, 9);
  });

  it('fuzz: no name that becomes a system option without blanks, line ends, escapes and entities is ignored', () =>
    noDisguisedNameIsIgnored(1000));
});

describe('C4 blanks around the value of an option are no part of it', () => {
  for (const [query, plain] of [
    ['$search=Delivery%20', '$search=Delivery'],
    ['$search=%20%22a%20b%22%20', '$search=%22a%20b%22'],
    ['$filter=%20A%20eq%201%20%20', '$filter=A%20eq%201'],
    ['$filter=%0D%0AA%20eq%201%0A', '$filter=A%20eq%201'],
    ['$orderby=A%20', '$orderby=A'],
    ['$orderby=%20A%20desc%20', '$orderby=A%20desc'],
    ['$top=%205%20', '$top=5'],
    ['$count=true%20', '$count=true'],
    ['$select=%20A,B%20', '$select=A,B'],
    ['$expand=%20N(%20$top=1%20)%20', '$expand=N($top=1)'],
    ['$compute=%20A%20add%201%20as%20B%20', '$compute=A%20add%201%20as%20B'],
    ['$apply=%20aggregate($count%20as%20N)%20', '$apply=aggregate($count%20as%20N)'],
    ['$format=%20json%20', '$format=json'],
    ['$format=application/json;%20odata.metadata=none%20', '$format=application/json;%20odata.metadata=none'],
    ['$skiptoken=abc%20', '$skiptoken=abc'],
    ['$id=%20Set(1)%20', '$id=Set(1)'],
  ] as const) {
    it(`${query} is ${plain}`, () => assert.deepEqual(withoutOffsets(outcome(query)), withoutOffsets(outcome(plain))));
  }

  it('blanks inside a text are part of it, and offsets count from the start of the value as sent', () => {
    assert.equal(filterOf("$filter=%20A%20eq%20'%20x%20'%20"), "[A eq ' x ']");
    assert.throws(() => parseODataUri('Set?$filter=%20%20A%20eq%20^'), { offset: 7 });
    assert.equal(outcome('$filter=%20'), 'UriSyntax');
  });
});

describe('C5 a query whose blanks are plus signs is form-encoded as a whole', () => {
  for (const [query, expected] of [
    ['$filter=Likes+gt+20&$top=3', '[Likes gt 20]'],
    ["$filter=Name+eq+'a+b'", "[Name eq 'a b']"],
    ["$filter=Name+eq+'a%2Bb'", "[Name eq 'a+b']"],
    ['%24filter=At+gt+2024-01-01T00%3A00%3A00%2B01%3A00', '[At gt dateTimeOffset:2024-01-01T00:00:00+01:00]'],
    ['$filter=At+gt+2024-01-01T00:00:00+01:00', '[At gt dateTimeOffset:2024-01-01T00:00:00+01:00]'],
    ['%24filter=contains%28Name%2C%27a+b%27%29', "contains(Name,'a b')"],
    ["$filter=contains(Name,'a+b%2Bc')", "contains(Name,'a b+c')"],
    ['$filter=At%20gt%202024-01-01T00:00:00+01:00', '[At gt dateTimeOffset:2024-01-01T00:00:00+01:00]'],
    ["$filter=Name%20eq%20'a+b'", "[Name eq 'a+b']"],
    ["$filter=Name eq 'a+b'", "[Name eq 'a+b']"],
    ["$filter=startswith(Phone,'+31')", "startswith(Phone,'+31')"],
    ['$filter=A+eq+1&$orderby=A+desc&mail=x+y', '[A eq 1]'],
  ] as const) {
    it(`${query} is ${expected}`, () => assert.equal(filterOf(query), expected));
  }

  for (const query of ["$filter=contains(Name,'a+b')", '$search=sla+late', "$filter=@p&@p='a+b'"]) {
    it(`${query} may be either, so it is refused`, () => assert.equal(outcome(query), 'UriSyntax'));
  }

  it('what may be either is refused, saying how to write it', () => {
    assert.throws(() => parseODataUri("Set?$filter=contains(Name,'a+b')"), {
      message: "$filter: '+' may be a plus sign or, as in HTML forms, a blank; write '%2B' or '%20'.",
      target: '$filter',
    });
    assert.throws(() => parseODataUri('Set?$filter=Likes+gt%2020'), { message: /a plus sign is no blank in OData/ });
  });

  it('a query that is wrong under both readings is told what is wrong with the form', () => {
    assert.throws(() => parseODataUri('Set?$filter=Likes+gt+'), { message: /found ' gt' at position 5/ });
    assert.throws(() => parseODataUri('Set?$fliter=Likes+gt+1'), { message: /did you mean \$filter/ });
  });

  it('each plus sign is settled once, so that links repeat it without doubt', () => {
    assert.equal(settleQuery('$filter=Likes+gt+20&$top=3'), '$filter=Likes%20gt%2020&$top=3');
    assert.equal(settleQuery("$filter=Name%20eq%20'a+b'"), "$filter=Name%20eq%20'a%2Bb'");
    assert.equal(settleQuery("$filter=Name%20eq%20'a'"), "$filter=Name%20eq%20'a'");
  });

  it('random queries give the same tree from URLSearchParams as from encodeURIComponent', () => formsSayTheSame(300));
});
