/** An element to be written. Attributes that are undefined are left out; `text` excludes children. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly children: readonly XmlElement[];
  readonly text: string | null;
}

export function element(
  name: string,
  attributes: XmlElement['attributes'],
  children: readonly XmlElement[],
  text: string | null = null,
): XmlElement {
  return { name, attributes, children, text };
}

/** The document as UTF-8 text with a declaration, indented by two spaces, lines ended by a line feed. */
export function xmlDocument(root: XmlElement): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  write(root, '', lines);
  return `${lines.join('\n')}\n`;
}

function write(node: XmlElement, indent: string, lines: string[]): void {
  const attributes = Object.entries(node.attributes)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
  const open = `${indent}<${node.name}${attributes}`;
  if (node.text !== null) {
    lines.push(`${open}>${escapeXml(node.text)}</${node.name}>`);
    return;
  }
  if (node.children.length === 0) {
    lines.push(`${open}/>`);
    return;
  }
  lines.push(`${open}>`);
  for (const child of node.children) {
    write(child, `${indent}  `, lines);
  }
  lines.push(`${indent}</${node.name}>`);
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * Escapes for attribute values and text alike. White space other than a blank is written as a character reference,
 * which attribute normalisation leaves alone; characters that XML 1.0 cannot hold become U+FFFD.
 */
export function escapeXml(text: string): string {
  return text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replace(/[&<>"\t\n\r]/g, (character) => named[character] ?? `&#${character.charCodeAt(0)};`);
}
