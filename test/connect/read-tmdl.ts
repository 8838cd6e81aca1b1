/** One object of TMDL, as its indentation has it. */
export interface TmdlNode {
  /** `table`, `column`, ... */
  readonly keyword: string;
  /** Without quotes; empty where it has none. */
  readonly name: string;
  /** Behind `=` in its line, or the lines two levels below. */
  expression: string | null;
  description: string;
  readonly properties: Map<string, string>;
  readonly children: TmdlNode[];
}

const objects = new Set(
  'database model table column measure partition relationship expression annotation refreshPolicy ref'.split(' '),
);
const bare = new Set(['isKey', 'isHidden', 'dataAccessOptions', 'legacyRedirects', 'returnErrorValuesAsNull']);
const multiline = new Set(['source', 'sourceExpression']);

const declaration = /^(\w+)(?: (?:table )?('(?:[^']|'')*'|[^\s=]+))?(?: = (.*))?$/;

/**
 * Reads TMDL by the grammar of its lines, as strictly as Microsoft's reader does where that is known: indentation by tabs
 * alone, no empty description, no property twice, expressions deeper than their property.
 */
export function readTmdl(text: string): readonly TmdlNode[] {
  const lines = text.split('\n');
  const roots: TmdlNode[] = [];
  const open: { readonly depth: number; readonly node: TmdlNode }[] = [];
  let told = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line.trim() === '') {
      if (told !== '') {
        throw new Error(`line ${at + 1}: an empty line behind a description`);
      }
      continue;
    }
    const depth = (/^\t*/.exec(line)?.[0] ?? '').length;
    const content = line.slice(depth);
    if (/^\s|\s$/.test(content)) {
      throw new Error(`line ${at + 1}: blanks around "${content}"`);
    }
    while ((open.at(-1)?.depth ?? -1) >= depth) {
      open.pop();
    }
    const parent = open.at(-1);
    if (parent !== undefined && depth !== parent.depth + 1) {
      throw new Error(`line ${at + 1}: indented by ${depth}, below one of ${parent.depth}`);
    }
    if (content.startsWith('///')) {
      told = content.slice(3).trim();
      continue;
    }
    const [, word = ''] = /^(\w+)/.exec(content) ?? [];
    if (objects.has(word)) {
      const [, keyword = '', name = '', expression] = declaration.exec(content) ?? [];
      if (keyword === '') {
        throw new Error(`line ${at + 1}: ${content}`);
      }
      const unquoted = name.startsWith("'") ? name.slice(1, -1).replaceAll("''", "'") : name;
      const node: TmdlNode = {
        ...{ keyword, name: unquoted, expression: expression ?? null },
        ...{ description: told, properties: new Map(), children: [] },
      };
      told = '';
      (parent?.node.children ?? roots).push(node);
      open.push({ depth, node });
      continue;
    }
    if (parent === undefined || told !== '') {
      throw new Error(`line ${at + 1}: ${content} belongs to nothing`);
    }
    at = readProperty(lines, { at, depth, content }, parent.node);
    if (content === 'dataAccessOptions') {
      // Its own properties are bare words, one level deeper.
      open.push({ depth, node: parent.node });
    }
  }
  return roots;
}

/** Gives the last line that was read. */
function readProperty(
  lines: readonly string[],
  { at, depth, content }: { readonly at: number; readonly depth: number; readonly content: string },
  { properties }: TmdlNode,
): number {
  const [, name = '', value] = /^(\w+)(?:: (.+)| =)?$/.exec(content) ?? [];
  if (name === '' || properties.has(name)) {
    throw new Error(`line ${at + 1}: ${content} is no property, or there twice`);
  }
  if (value !== undefined) {
    properties.set(name, value);
    return at;
  }
  if (multiline.has(name)) {
    let end = at;
    while (/^\t+/.exec(lines[end + 1] ?? '') !== null && (/^\t*/.exec(lines[end + 1] ?? '')?.[0].length ?? 0) > depth) {
      end += 1;
    }
    properties.set(
      name,
      lines
        .slice(at + 1, end + 1)
        .map((line) => line.replace(/^\t+/, ''))
        .join('\n'),
    );
    return end;
  }
  if (!bare.has(name)) {
    throw new Error(`line ${at + 1}: ${content} has no value`);
  }
  properties.set(name, 'true');
  return at;
}
