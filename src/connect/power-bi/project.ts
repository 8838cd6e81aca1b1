import type { EntitySet } from '../../edm/model.ts';
import { guid } from '../guid.ts';
import { type ZipPart, zipFile } from '../zip-file.ts';
import { measuresOf } from './measures.ts';
import { pagesOf } from './pages.ts';
import { relationshipsOf } from './relationships.ts';
import { reportFiles } from './report.ts';
import { semanticModel } from './semantic-model.ts';

export interface ProjectOf {
  /** Service root with its final slash. */
  readonly root: string;
  readonly sets: readonly EntitySet[];
  /** The years around it are the period that is read at first. */
  readonly at: Date;
}

const name = 'ContactCentre';
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The parts of a Power BI project, by their paths: a semantic model in TMDL and a report in PBIR over it. */
export function projectFiles({ root, sets, at }: ProjectOf): ReadonlyMap<string, string> {
  const measures = measuresOf(sets);
  const relationships = relationshipsOf(sets);
  const model = semanticModel({ root, sets, measures, relationships, at });
  const report = reportFiles(pagesOf(sets, measures), `${name}.SemanticModel`);
  const below = (folder: string, files: ReadonlyMap<string, string>) =>
    [...files].map(([path, text]) => [`${folder}/${path}`, text] as const);
  return new Map([
    [
      `${name}.pbip`,
      json({
        $schema: 'https://developer.microsoft.com/json-schemas/fabric/pbip/pbipProperties/1.0.0/schema.json',
        version: '1.0',
        artifacts: [{ report: { path: `${name}.Report` } }],
        settings: { enableAutoRecovery: true },
      }),
    ],
    [`${name}.Report/.platform`, platform('Report')],
    ...below(`${name}.Report`, report),
    [`${name}.SemanticModel/.platform`, platform('SemanticModel')],
    ...below(`${name}.SemanticModel`, model),
  ]);
}

/** As a ZIP file: to be unpacked before Desktop opens the `.pbip`. */
export function projectZip(project: ProjectOf): Promise<Buffer> {
  return zipFile([...projectFiles(project)].map(([path, content]): ZipPart => ({ name: path, content })));
}

/** Without it Desktop refuses the report. */
const platform = (type: 'Report' | 'SemanticModel'): string =>
  json({
    $schema: 'https://developer.microsoft.com/json-schemas/fabric/gitIntegration/platformProperties/2.0.0/schema.json',
    metadata: { type, displayName: name },
    config: { version: '2.0', logicalId: guid(`${name} ${type}`) },
  });
