import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { maskedText, maskedTime } from '../../../src/edm/mask.ts';
import { normalForm } from '../../../src/ingest/personal/normal-form.ts';
import { personTokens } from '../../../src/ingest/personal/person-forms.ts';
import { personalKey } from '../../../src/ingest/personal/personal-key.ts';
import { erasedToken, Persons } from '../../../src/ingest/personal/persons.ts';
import { hashing, isHashed } from '../../../src/ingest/personal/treatments.ts';

const key = personalKey('0123456789abcdef0123456789abcdef');

describe('personal values', () => {
  it('are the same person however they are written', () => {
    const same = (a: string, b: string): void => equal(normalForm(a), normalForm(b));
    same(' Jan  Jansen ', 'jan jansen');
    same('JAN@EXAMPLE.COM', 'jan@example.com');
    same('Zoe\u0308', 'Zo\u00eb');
    same('+31 6 1234-5678', '0031612345678');
    same('+31 (6) 12345678', '+31612345678');
    for (const [a, b] of [
      ['0612345678', '+31612345678'],
      ['12345678', '0012345678'],
      ['Jan', 'Jans'],
    ] as const) {
      notEqual(normalForm(a), normalForm(b));
    }
  });

  it('that name a row are taken exactly', () => {
    notEqual(normalForm('AbC', true), normalForm('abc', true));
    notEqual(normalForm('+31612345678', true), normalForm('0031612345678', true));
    equal(normalForm(' AbC ', true), 'AbC');
  });

  it('are hashed with HMAC-SHA-256 of the normal form, 128 bits of it', () => {
    // python3 -c "import hmac;print(hmac.new(b'0123456789abcdef0123456789abcdef','jan jansen'.encode(),'sha256').hexdigest()[:32])"
    equal(hashing(key, false)('Jan Jansen'), 'h_9c43a0113410bed08b8d7fce3d6d3bd2');
    notEqual(hashing(key, false)('Jan Jansen'), hashing(personalKey('x'.repeat(32)), false)('Jan Jansen'));
    equal(hashing(key, false)('   '), null);
  });

  it('come out the same when treated twice', () => {
    const hash = hashing(key, false);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('direct', 'content', 'indirect'), (text, kind) => {
        const once = hash(text);
        if (once !== null) {
          equal(isHashed(once), true);
          equal(hash(once), once);
        }
        equal(maskedText(maskedText(text, kind), kind), maskedText(text, kind));
      }),
    );
  });

  it('are masked to their shape', () => {
    deepEqual(
      ['Jan Jansen', '+31 6 12345678', 'jan.jansen@example.com', 'Dorpsstraat 7'].map((text) =>
        maskedText(text, 'direct'),
      ),
      ['J** J*****', '+** * ******78', 'j**.j*****@e******.c**', 'D********** 7'],
    );
    equal(maskedText('Hello, my name is Jan', 'content'), '[21 characters]');
    equal(maskedTime('1984-05-17'), '1984-01-01');
    equal(maskedTime('1984-05-17T10:00:00Z'), '1984-01-01T00:00:00Z');
  });

  it('do not show their key', () => {
    match(JSON.stringify({ key }), /^\{"key":\{\}\}$/);
  });
});

describe('persons that are remembered by digests', () => {
  const names = ['Jan Jansen', '+31 6 1234 5678', 'c-1001', 'Zoë'];
  const tokens = names.flatMap(personTokens);
  const named = Persons.named(tokens);
  const remembered = Persons.remembered(
    tokens.map((token) => erasedToken(token, key)),
    key,
  );

  it('are found where those are whose names are known, in any cell and text', () => {
    const word = fc.constantFrom(
      'Jan',
      'jansen',
      'JANSEN',
      ',',
      ' ',
      'c-1001',
      'zoe\u0308',
      '0031612345678',
      'x',
      '+31612345678',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const text = words.join(' ');
        for (const exact of [true, false]) {
          equal(remembered.isPerson(text, exact), named.isPerson(text, exact), text);
          equal(remembered.isPerson(text, exact), named.isPerson(text, exact), `${text}, again`);
        }
        equal(remembered.mentions(text), named.mentions(text), text);
      }),
      { numRuns: 500 },
    );
    equal(remembered.mentions('so JAN, Jansen: said'), true);
    equal(remembered.mentions('call +31 (6) 12345678 now'), true);
    equal(remembered.mentions('Zoë alone says too little'), false);
    equal(remembered.isPerson('zoë', false), true);
    equal(remembered.isPerson('C-1001', true), false);
  });
});
