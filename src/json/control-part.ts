import { entityUrl } from '../edm/key-literal.ts';
import type { ByteOutput } from './bytes/byte-output.ts';
import { type ByteRun, byteRun, putRun } from './bytes/byte-run.ts';
import { cellEnd } from './cells/cell-text.ts';
import { keyCells } from './cells/key-cell.ts';
import type { JsonFormat } from './json-format.ts';
import type { LinkWriter } from './navigation-links.ts';
import { keyText, type Level, type Part } from './row-part.ts';
import type { ControlShape } from './row-shape.ts';

/** What ids and links begin with. */
export const linkRoot = (format: JsonFormat): string => (format.mixed === true ? '' : format.root);

/** The entity whose row is being written, for the links behind its id. */
export interface Identity {
  id: string;
}

/** Type and id of an entity, made from the cells of its key, and the links that follow them. */
export function controlPart(
  control: ControlShape,
  format: JsonFormat,
  place: { readonly level: Level; readonly entity: Identity; readonly links: readonly LinkWriter[] },
): Part {
  const { entity, links } = place;
  const { nested } = place.level;
  const type = `,"@odata.type":"#${format.namespace}.${control.type}"`;
  const context = format.mixed === true ? `,"@odata.context":"${format.root}$metadata#${control.set}/$entity"` : '';
  const before = byteRun(format.metadata === 'full' || format.mixed === true ? context + type : '');
  return {
    columns: control.key.length,
    overhead: 512 + format.root.length + before.length + control.set.length,
    grows: links.length > 0,
    write(input, start, output) {
      const { values, next } = keyCells(input, start, { key: control.key, nested });
      entity.id = entityUrl(control.set, control.key, values);
      writeControl(output, format, { before, id: entity.id });
      for (const link of links) {
        link(entity.id, output);
      }
      return next;
    },
  };
}

/** `metadata=none` leaves control information out, except the id of a reference, which is all that a reference is. */
function writeControl(output: ByteOutput, format: JsonFormat, control: { before: ByteRun; id: string }): void {
  putRun(control.before, output);
  output.position += output.bytes.write(`,"@odata.id":"${linkRoot(format)}${control.id}"`, output.position, 'latin1');
}

/** An expanded navigation property with its links before it. */
export function linkedPart(part: Part, link: LinkWriter, entity: Identity): Part {
  return {
    columns: part.columns,
    overhead: part.overhead,
    grows: true,
    write(input, start, output) {
      link(entity.id, output);
      output.ensure((input.rowEnd - start) * 6 + part.overhead + 64);
      return part.write(input, start, output);
    },
  };
}

/** `Name@odata.navigationLink` from a presence column and the key columns. */
export function linkPart(name: string, control: ControlShape, format: JsonFormat, { nested }: Level): Part {
  const key = byteRun(`${keyText(`${name}@odata.navigationLink`)}"${format.root}`);
  return {
    columns: control.key.length + 1,
    overhead: key.length + control.set.length + 512,
    write(input, start, output) {
      const { values, next } = keyCells(input, cellEnd(input, start, nested) + 1, { key: control.key, nested });
      putRun(key, output);
      output.position += output.bytes.write(
        `${entityUrl(control.set, control.key, values)}"`,
        output.position,
        'latin1',
      );
      return next;
    },
  };
}
