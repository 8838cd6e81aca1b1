import path from 'node:path';
import { importsOf, type Rule, type SourceFile } from './source-rules.ts';

type FolderRules = Readonly<Record<string, readonly string[]>>;

/** Which rooms of `src` a room may import besides itself and the files of errors; see docs/architecture.md. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  edm: [],
  uri: [],
  catalogue: ['edm'],
  samples: ['catalogue', 'edm'],
  plan: ['uri', 'catalogue', 'edm'],
  json: ['plan', 'edm'],
  csv: ['plan', 'json', 'edm'],
  connect: ['edm'],
  sql: ['plan', 'json', 'catalogue', 'edm'],
  upstream: ['plan', 'json', 'catalogue', 'edm'],
  observation: [],
  embedded: [],
  sandbox: ['catalogue', 'edm'],
  warehouse: ['embedded', 'sql', 'catalogue', 'edm'],
  alarm: ['warehouse'],
  unify: ['uri', 'plan', 'sql', 'catalogue', 'edm'],
  ingest: ['unify', 'warehouse', 'sql', 'catalogue', 'edm'],
  archive: ['ingest', 'upstream', 'plan', 'json', 'sql', 'warehouse', 'catalogue', 'edm'],
  backup: ['warehouse', 'sql'],
  source: ['plan', 'json', 'sql', 'upstream', 'warehouse', 'catalogue', 'edm'],
  console: ['connect'],
  'sign-in': [],
  access: ['sign-in', 'uri', 'plan', 'catalogue', 'edm'],
  http: ['sign-in', 'uri', 'plan', 'source', 'json', 'csv', 'connect', 'catalogue', 'edm'],
};
const ofIngest: FolderRules = {
  upload: ['delivery', 'load', 'ledger', 'csv'],
  remote: ['delivery', 'load', 'ledger', 'identify'],
  delivery: ['erase', 'load', 'derive', 'container', 'ledger', 'identify', 'csv'],
  draft: ['load', 'container', 'identify', 'csv'],
  erase: ['load', 'treat-stored', 'derive', 'ledger', 'stored', 'convert', 'personal', 'identify', 'csv'],
  prune: ['derive', 'ledger', 'stored'],
  rebuild: ['load', 'treat-stored', 'derive', 'container', 'ledger', 'stored', 'identify', 'csv'],
  'treat-stored': ['load', 'derive', 'ledger', 'stored', 'convert', 'personal', 'identify', 'csv'],
  load: ['merge', 'derive', 'container', 'ledger', 'stored', 'convert', 'personal', 'identify', 'csv'],
  'back-fill': ['derive', 'ledger', 'stored', 'convert', 'identify'],
  derive: ['ledger', 'stored'],
  merge: ['ledger', 'stored'],
  convert: ['stored', 'personal', 'identify', 'csv'],
  personal: [],
  container: ['identify', 'csv'],
  identify: ['csv'],
  ledger: [],
  stored: [],
  csv: [],
};
/** What a metadata file becomes, from its text upwards; `build-catalogue.ts` puts all of it together. */
const ofCompile: FolderRules = {
  source: ['personal', 'documents', 'schema'],
  derived: ['sets', 'documents', 'schema'],
  export: ['sets', 'personal', 'documents', 'schema'],
  sets: ['documents', 'schema'],
  personal: ['documents', 'schema'],
  documents: ['schema'],
  upstream: [],
  schema: [],
};
/** `respond.ts`, `answer.ts` and `listener.ts` put the folders together; what all may know of a request lies beside these. */
const request = ['exchange.ts', 'feed.ts', 'limits.ts'];
const ofHttp: FolderRules = {
  console: ['beside', 'edge', 'reply', 'request', ...request],
  connect: ['beside', 'reply', 'request', ...request],
  upload: ['edge', 'reply', 'request', ...request],
  beside: ['sign-in', 'edge', 'reply', 'request', ...request],
  operations: ['edge', 'reply'],
  async: ['batch', 'reply', 'request', ...request],
  batch: ['reply', 'request', ...request],
  audit: ['paging', 'request'],
  rows: ['reply-cache', 'reply', 'paging', ...request],
  'reply-cache': ['reply', 'request', ...request],
  reply: ['request', ...request],
  request: ['paging', ...request],
  paging: request,
  'sign-in': ['edge'],
  edge: [],
};
/** `receive.ts` is the loop of all deliveries, `delivery.ts` their contract. */
const delivered = ['delivery.ts', 'ingest-result.ts', 'source-folders.ts', 'file-name.ts'];
const ofDelivery: FolderRules = {
  paths: ['folder', 'take', ...delivered],
  folder: ['put-away', 'receive.ts', ...delivered],
  take: delivered,
  'put-away': delivered,
};
/** Which of its folders one of them may import besides itself, by room. A file goes down this list, never up. */
export const foldersOf: Readonly<Record<string, FolderRules>> = {
  ingest: ofIngest,
  'catalogue/compile': ofCompile,
  http: ofHttp,
  'ingest/delivery': ofDelivery,
};
/** Rooms that have files beside their folders: these may import all folders, and a folder imports such a file where its row says so. */
const withFilesOnTop = ['catalogue/compile', 'http', 'ingest/delivery'];
/** May import everything, and alone read the environment. */
export const composition = ['main.ts', 'config.ts', 'commands'];
/** What a room that is no composition may import of `observation`: how something is told, and its own events. */
const ownEvents = (room: string): readonly string[] => [
  'src/observation/observe.ts',
  `src/observation/events/${room}.ts`,
];
/** The contract of errors, which all rooms share. */
const errorFiles = ['errors.ts', 'error-catalogue.ts', 'unsupported-features.ts', 'unreadable-file.ts'];

export const roomOf = (file: string): string => file.split('/')[1] ?? '';
export const followsTheRooms: Rule = ({ file, text }) => {
  const room = roomOf(file);
  if (composition.includes(room) || errorFiles.includes(room)) {
    return [];
  }
  const allowed = mayImport[room];
  if (allowed === undefined) {
    return [
      `${file}: src/${room} is no room of the architecture; put the file into one of ${Object.keys(mayImport).join(', ')}`,
    ];
  }
  return importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => path.posix.join(path.posix.dirname(file), name))
    .filter((target) => !ownEvents(room).includes(target))
    .map(roomOf)
    .filter((target) => target !== room && !errorFiles.includes(target) && !allowed.includes(target))
    .map(
      (target) =>
        `${file} imports ${target}; ${room} may import ${allowed.join(', ') || 'nothing'}: let the caller pass in what is needed`,
    );
};

/** Of files in folders of the rooms that `foldersOf` lists. */
export const followsTheFolders: Rule = ({ file, text }) =>
  Object.entries(foldersOf).flatMap(([room, rules]) => {
    const within = withinRoom(room, file);
    return within === null ? [] : wrongFolders({ file, text }, room, rules);
  });

/** The path of a file below its room, as names; null: it is of another room. */
const withinRoom = (room: string, file: string): readonly string[] | null =>
  file.startsWith(`src/${room}/`) ? file.slice(`src/${room}/`.length).split('/') : null;

const wrongFolders = ({ file, text }: SourceFile, room: string, rules: FolderRules): readonly string[] => {
  const [folder = '', ...names] = withinRoom(room, file) ?? [];
  if (names.length === 0 && withFilesOnTop.includes(room)) {
    return [];
  }
  const allowed = rules[folder];
  if (allowed === undefined) {
    return [`${file}: put the file into one of the folders ${Object.keys(rules).join(', ')}`];
  }
  return importsOf(text)
    .flatMap((name) => withinRoom(room, path.posix.join(path.posix.dirname(file), name))?.[0] ?? [])
    .filter((target) => ![folder, ...allowed].includes(target))
    .map((target) => `${file} imports ${target}; it may import ${allowed.join(', ') || `no other folder of ${room}`}`);
};
