import { createHash } from 'node:crypto';
import { type Field, type Page, pageSize, type Visual } from './pages.ts';

const schemas = 'https://developer.microsoft.com/json-schemas/fabric/item/report';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Names of pages and visuals, as Desktop makes them: 20 hexadecimal digits. The same for the same text. */
const nameOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20);

/** The files of a report in PBIR, by their paths below its folder. `model`: folder of the semantic model beside it. */
export function reportFiles(pages: readonly Page[], model: string): ReadonlyMap<string, string> {
  const names = pages.map(({ title }) => nameOf(`page ${title}`));
  return new Map([
    [
      'definition.pbir',
      json({
        $schema: `${schemas}/definitionProperties/2.0.0/schema.json`,
        version: '4.0',
        datasetReference: { byPath: { path: `../${model}` } },
      }),
    ],
    [
      'definition/version.json',
      json({ $schema: `${schemas}/definition/versionMetadata/1.0.0/schema.json`, version: '2.0.0' }),
    ],
    [
      'definition/report.json',
      json({ $schema: `${schemas}/definition/report/3.3.0/schema.json`, themeCollection: {} }),
    ],
    [
      'definition/pages/pages.json',
      json({
        $schema: `${schemas}/definition/pagesMetadata/1.1.0/schema.json`,
        pageOrder: names,
        activePageName: names[0] ?? '',
      }),
    ],
    ...pages.flatMap((page, index) => pageFiles(page, names[index] ?? '')),
  ]);
}

function pageFiles({ title, visuals }: Page, name: string): readonly (readonly [string, string])[] {
  const folder = `definition/pages/${name}`;
  const page = {
    $schema: `${schemas}/definition/page/2.1.0/schema.json`,
    name,
    displayName: title,
    displayOption: 'FitToPage',
    height: pageSize.height,
    width: pageSize.width,
  };
  const files = visuals.map((visual, index) => {
    const own = nameOf(`visual ${title} ${index}`);
    return [`${folder}/visuals/${own}/visual.json`, json(visualFile(visual, { name: own, index }))] as const;
  });
  return [[`${folder}/page.json`, json(page)], ...files];
}

interface Place {
  readonly name: string;
  readonly index: number;
}

function visualFile({ type, roles, x, y, width, height }: Visual, { name, index }: Place): object {
  const state = Object.entries(roles).map(([role, fields]) => [role, { projections: fields.map(projection) }] as const);
  return {
    $schema: `${schemas}/definition/visualContainer/2.9.0/schema.json`,
    name,
    position: { x, y, z: index * 1000, height, width, tabOrder: index * 1000 },
    visual: {
      visualType: type,
      query: { queryState: Object.fromEntries(state) },
      drillFilterOtherVisuals: true,
    },
  };
}

const projection = ({ kind, set, name }: Field): object => ({
  field: { [kind]: { Expression: { SourceRef: { Entity: set } }, Property: name } },
  queryRef: `${set}.${name}`,
  nativeQueryRef: name,
});
