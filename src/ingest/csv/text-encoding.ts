import { Buffer } from 'node:buffer';
import type { FileEncoding } from './file-encoding.ts';
import { windows1252 } from './text-decoding.ts';

/** Text as bytes of a file's encoding; it was read from one, so the encoding has all of its characters. */
export function encodeText(text: string, encoding: FileEncoding): Buffer {
  switch (encoding) {
    case 'utf-8':
      return Buffer.from(text, 'utf8');
    case 'utf-16le':
      return Buffer.from(text, 'utf16le');
    case 'utf-16be':
      return Buffer.from(text, 'utf16le').swap16();
    case 'iso-8859-1':
      return Buffer.from(text, 'latin1');
    case 'windows-1252':
      return Buffer.from(
        text.replace(/[^\x00-\x7f\xa0-\xff]/g, (character) => {
          const place = windows1252.indexOf(character);
          return place === -1 ? '?' : String.fromCharCode(0x80 + place);
        }),
        'latin1',
      );
  }
}
