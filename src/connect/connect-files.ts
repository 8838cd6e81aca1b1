import type { EntitySet } from '../edm/model.ts';
import { setQuery } from './m-text.ts';
import { odcFile } from './odc.ts';
import { pbidsFile } from './pbids.ts';
import { projectZip } from './power-bi/project.ts';
import { curlSnippet, pythonSnippet, rSnippet, type SignIn } from './snippets.ts';
import { excelWorkbook } from './workbook/excel-workbook.ts';

/** A file that connects a program to the feed. It never holds a key or a password. */
export interface ConnectFile {
  /** What it is saved as. */
  readonly name: string;
  readonly contentType: string;
  readonly content: string | Buffer;
}

/** What files are made for. */
export interface ConnectTo {
  /** Service root with its final slash: the address that the files have. */
  readonly root: string;
  readonly signIn: SignIn;
  readonly at: Date;
}

const text = 'text/plain;charset=utf-8';

/** Files for the whole feed, by their names. */
export const feedFiles = ['powerbi.pbids', 'powerbi.zip', 'excel.xlsx'] as const;

/** Files for one set: `<set>.<extension>`. */
export const setExtensions = ['odc', 'pq', 'py', 'R', 'sh'] as const;

export type SetExtension = (typeof setExtensions)[number];

export const powerBiFile = ({ root }: ConnectTo): ConnectFile => ({
  name: 'powerbi.pbids',
  contentType: 'application/json',
  content: pbidsFile(root),
});

/** A Power BI project of the sets. */
export const projectFile = async ({ root, at }: ConnectTo, sets: readonly EntitySet[]): Promise<ConnectFile> => ({
  name: 'powerbi.zip',
  contentType: 'application/zip',
  content: await projectZip({ root, sets, at }),
});

/** `sets`: in the order of their sheets, one at least. */
export const excelFile = async ({ root, at }: ConnectTo, sets: readonly EntitySet[]): Promise<ConnectFile> => ({
  name: 'excel.xlsx',
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  content: await excelWorkbook({ root, sets, at }),
});

export function setFile({ root, signIn }: ConnectTo, set: EntitySet, extension: SetExtension): ConnectFile {
  const name = `${set.name}.${extension}`;
  switch (extension) {
    case 'odc':
      return { name, contentType: 'text/x-ms-odc', content: odcFile(root, set) };
    case 'pq':
      return { name, contentType: text, content: `${setQuery(root, set).text}\n` };
    case 'py':
      return { name, contentType: text, content: pythonSnippet({ root, set, signIn }) };
    case 'R':
      return { name, contentType: text, content: rSnippet({ root, set, signIn }) };
    case 'sh':
      return { name, contentType: text, content: curlSnippet({ root, set, signIn }) };
  }
}

/** Sets that speak of all sources in one language, in the order of their sheets. */
const unified = [
  ...['Conversations', 'Messages', 'Agents', 'Teams', 'Contacts', 'Channels', 'Topics', 'ConversationTopics'],
  ...['AgentDays', 'TeamDays', 'TeamIntervals', 'Dates'],
];

/** What a workbook or a project holds where nothing else was asked for: the unified sets, or all where there are none. */
export function usualSets(all: ReadonlyMap<string, EntitySet>): readonly EntitySet[] {
  const [first = '', ...others] = unified;
  return all.has(first) ? [first, ...others].flatMap((name) => all.get(name) ?? []) : [...all.values()];
}
