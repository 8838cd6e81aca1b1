import assert from 'node:assert/strict';
import fc from 'fast-check';
import { urlText } from '../../src/upstream/url/url-text.ts';

describe('The address of a request to a proxied feed', () => {
  const url = new URL(
    "https://jan:secret@feed.example.com:8443/api/Calls('42')/Agent?$filter=Name%20eq%20'Jan'&%24top=5&key=k7&$skiptoken=s9",
  );

  it('has no values', () => {
    assert.equal(
      urlText(url, 'hidden'),
      'https://feed.example.com:8443/api/Calls(?)/Agent?$filter=?&%24top=?&key=?&$skiptoken=?',
    );
    assert.equal(
      urlText(new URL('https://feed.example.com/api/$metadata'), 'hidden'),
      'https://feed.example.com/api/$metadata',
    );
  });

  it('has them where they are asked for, and never a credential', () => {
    assert.equal(
      urlText(url, 'shown'),
      "https://feed.example.com:8443/api/Calls('42')/Agent?$filter=Name%20eq%20%27Jan%27&%24top=5&key=?&$skiptoken=?",
    );
  });

  it('is the same whatever the values are', () => {
    const value = fc
      .string({ unit: fc.constantFrom("'", '(', ')', '&', '=', '/', '?', '#', ' ', 'é', '%') })
      .map((text) => `§${text}§`);
    const made = (one: string): string => {
      const text = encodeURIComponent(`'${one.replaceAll("'", "''")}'`);
      return urlText(
        new URL(`https://feed.example.com/api/Calls(${text})/Agent(A=${text},B=5)/Name?$filter=Name eq ${text}`),
        'hidden',
      );
    };
    fc.assert(
      fc.property(value, (one) =>
        assert.equal(made(one), 'https://feed.example.com/api/Calls(?)/Agent(?)/Name?$filter=?'),
      ),
    );
  });
});
