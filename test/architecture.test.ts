import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { circles } from './support/circles.ts';
import { assertsNoClock, hurriesNoTest } from './support/clock-rules.ts';
import {
  composition,
  foldersOf,
  followsTheFolders,
  followsTheRooms,
  mayImport,
  roomOf,
} from './support/import-rules.ts';
import { entersByTheScope, makesNoPlan, meetsNoBinder, walksByTheTables } from './support/plan-rules.ts';
import { importsOf, type Rule, roomsOfTable, type SourceFile, withoutComments } from './support/source-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const pure = [
  'src/edm/',
  'src/uri/',
  'src/plan/',
  'src/json/',
  'src/csv/',
  'src/sql/',
  'src/unify/',
  'src/catalogue/compile/',
  'src/catalogue/cells/',
];
const longestFile = 450;
/**
 * Files that import each other because what they speak of is recursive: an operand is an expression, an `$expand` takes
 * every option again, a group is aggregated by a pipeline of its own. No other circle may be.
 */
const recursions: Readonly<Record<string, readonly string[]>> = {
  'the grammar of URLs': [
    ...['aggregate', 'apply', 'groupby', 'hierarchy'].map((name) => `src/uri/apply/${name}.ts`),
    ...['expression', 'json-literal', 'member-path', 'primary'].map((name) => `src/uri/expression/${name}.ts`),
    ...['expand', 'nested-options', 'option-values', 'select'].map((name) => `src/uri/options/${name}.ts`),
    'src/uri/path/key-predicate.ts',
  ],
  'binding an expression': [
    ...['alias', 'arithmetic', 'cast', 'comparison', 'enumeration', 'expression', 'function', 'in', 'isof', 'key'],
    ...['lambda', 'member-path'],
  ].map((name) => `src/plan/bind/expression/${name}.ts`),
  'binding a pipeline': ['apply', 'groupby', 'join'].map((name) => `src/plan/bind/apply/${name}.ts`),
  'binding $expand and $apply inside of each other': [
    ...['expand', 'read'].map((name) => `src/plan/bind/apply/${name}.ts`),
    ...['expand', 'rows'].map((name) => `src/plan/bind/rows/${name}.ts`),
  ],
  'SQL of an expression': ['collection', 'expression', 'function-call', 'predicate'].map(
    (name) => `src/sql/expression/${name}.ts`,
  ),
  'SQL of a pipeline': ['apply', 'groupby', 'join'].map((name) => `src/sql/apply/${name}.ts`),
  'SQL of $expand and $apply inside of each other': ['src/sql/apply/result-rows.ts', 'src/sql/read/selection.ts'],
};
/** Put together here, so that this file itself does not hold what it forbids. */
const vendors = ['trace' + 'buzz', 'spark' + 'central', 'hoot' + 'suite', 'buzz' + 'easy', 'gra' + 'ia'];

/** Events are what rooms say and what listeners hear: they know neither, so that no room meets another one through them. */
const eventsKnowNobody: Rule = ({ file, text }) => {
  if (!file.startsWith('src/observation/events/') && file !== 'src/observation/observe.ts') {
    return [];
  }
  return importsOf(text)
    .map((name) => (name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name))
    .filter((target) => !target.startsWith('src/observation/events/') && target !== 'src/observation/observe.ts')
    .map((target) => `${file} imports ${target}; say what is told in types of its own`);
};

const staysPure: Rule = ({ file, text }) => {
  if (!pure.some((folder) => file.startsWith(folder))) {
    return [];
  }
  const code = withoutComments(text);
  const found = [
    ...importsOf(text).filter((name) => /^node:(?!buffer$)|\/unreadable-file\.ts$/.test(name)),
    ...[
      /\bDate\.now\b/,
      /\bnew Date\(\)/,
      /\bprocess\.\w/,
      /\bMath\.random\b/,
      /\bfetch\(/,
      /\bperformance\.\w/,
      /\bset(?:Timeout|Interval)\(/,
    ].flatMap((pattern) => code.match(pattern)?.[0] ?? []),
  ];
  return found.map((what) => `${file} uses ${what}; this room is pure: let the caller pass the value in`);
};

const readsNoEnvironment: Rule = ({ file, text }) =>
  composition.includes(roomOf(file)) || !/\bprocess\.env\b/.test(withoutComments(text))
    ? []
    : [`${file} reads process.env; add the setting to src/config.ts and let main pass it in`];

const namesNoVendor: Rule = ({ file, text }) =>
  vendors
    .filter((vendor) => `${file}\n${text}`.toLowerCase().includes(vendor))
    .map((vendor) => `${file} names the vendor ${vendor}; what is special about one belongs into metadata/`);

const isShort: Rule = ({ file, text }) => {
  const lines = text.split('\n').length - 1;
  return lines <= longestFile
    ? []
    : [`${file} has ${String(lines)} lines, more than ${String(longestFile)}: split it by purpose`];
};

/** What is loaded with `file`: all that it imports, and so on, but for types and for what waits behind an `import()`. */
const loadedWith = (file: string, files: readonly SourceFile[]): ReadonlySet<string> => {
  const texts = new Map(files.map((one) => [one.file, withoutComments(one.text)]));
  const loaded = new Set([file]);
  for (const from of loaded) {
    const imports = (texts.get(from) ?? '').matchAll(/^(?:import|export)\s(?!type\b)[^;]*?'([^']+)';/gm);
    for (const [, name = ''] of imports) {
      loaded.add(name.startsWith('.') ? path.posix.join(path.posix.dirname(from), name) : name);
    }
  }
  return loaded;
};

/** Names and values become SQL text in `sql` alone; elsewhere in the rooms that talk to the warehouse nothing is quoted by hand. */
const quotesBySql: Rule = ({ file, text }) =>
  /^src\/(ingest|source|http|commands)\//.test(file) &&
  /\.replaceAll\(\s*(["'])(?:'\1,\s*\1''|"\1,\s*\1"")\1/.test(text)
    ? [`${file} quotes by hand; use quoteIdentifier (src/sql/identifier.ts) or escapeText (src/sql/literal.ts)`]
    : [];

/** Names of all files that a file imports, types included: a circle of types is one for whoever reads. */
const importGraph = (files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> =>
  new Map(
    files.map(({ file, text }) => [
      file,
      importsOf(text)
        .filter((name) => name.startsWith('.'))
        .map((name) => path.posix.join(path.posix.dirname(file), name)),
    ]),
  );

/** A circle is allowed only within one recursion: another file in it, or two recursions tied together, is a new one. */
const newCircles = (files: readonly SourceFile[]): readonly string[] => {
  const allowed = Object.values(recursions);
  return circles(importGraph(files))
    .filter((circle) => !allowed.some((group) => circle.every((file) => group.includes(file))))
    .map((circle) => `${circle.join(', ')} import each other in a circle: put what both need into a file of its own`);
};

const namesNoMachine: Rule = ({ file, text }) => {
  const patterns = [
    /\/work\/(?:main|shared|\.library)\b/,
    /\/(?:home|Users)\/[a-z][\w-]*\//,
    /[\w.-]*\bregistry\.[\w-]+\.[\w.]+|\b[\w-]+\.pkg\.[\w.]+/,
    /\bartifactory\b/,
  ];
  return patterns.flatMap((pattern) => {
    const found = text.match(pattern)?.[0];
    return found === undefined
      ? []
      : [`${file} says ${found}; a committed file names no machine's folder and no package registry`];
  });
};

/** Of the project folder, without what .gitignore names; a downloaded archive has no git to ask. */
const left = new Set(['node_modules', 'dist', 'data', '.git']);
const committed = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
  if (left.has(entry.name)) {
    return [];
  }
  if (!entry.isDirectory()) {
    return [entry.name];
  }
  return readdirSync(path.join(root, entry.name), { recursive: true, withFileTypes: true })
    .filter((inner) => inner.isFile() && !inner.name.endsWith('.log') && !inner.parentPath.includes('.restored'))
    .map((inner) => path.relative(root, path.join(inner.parentPath, inner.name)).replaceAll('\\', '/'));
});
const read = (file: string): SourceFile => ({ file, text: readFileSync(path.join(root, file), 'utf8') });
const inSource = committed.filter((file) => /^src\/.*\.tsx?$/.test(file)).map(read);
const inProgram = [...inSource, ...committed.filter((file) => file.startsWith('migrations/')).map(read)];
const written = committed.filter((file) => /\.(tsx?|mjs|cjs)$/.test(file)).map(read);
const everything = committed
  .filter((file) => file !== 'test/architecture.test.ts' && !/\.(png|gz|zip|xlsx?)$/.test(file))
  .map(read);

const keeps = (rule: Rule, files: readonly SourceFile[]): void => {
  assert.ok(files.length > 0, 'no file was looked at');
  assert.deepEqual(files.flatMap(rule), []);
};
const breaks = (rule: Rule, file: string, text: string): void =>
  assert.equal(rule({ file, text }).length, 1, `the rule lets through: ${text}`);

describe('the architecture', () => {
  it('has rooms that import only what they may', () => {
    breaks(followsTheRooms, 'src/ingest/load/x.ts', `import type { Plan } from '../../plan/read-plan.ts';`);
    breaks(followsTheRooms, 'src/edm/x.ts', `const late = await import('../catalogue/catalogue.ts');`);
    breaks(followsTheRooms, 'src/other/x.ts', '');
    for (const room of ['sql/literal', 'warehouse/database', 'upstream/upstream']) {
      breaks(followsTheRooms, 'src/http/x.ts', `import type { X } from '../${room}.ts';`);
    }
    breaks(followsTheRooms, 'src/source/stored/x.ts', `import type { Feed } from '../../http/feed.ts';`);
    keeps(followsTheRooms, inSource);
  });

  it('has in docs/architecture.md the rooms that the rules know, and whom they may import', () => {
    const sections = read('docs/architecture.md').text.split(/^### Rooms of `([a-z/-]+)`$/m);
    const tables = new Map([['', mayImport], ...Object.entries(foldersOf)]);
    const documented = sections.flatMap((text, at) => (at % 2 === 0 ? [[sections[at - 1] ?? '', text] as const] : []));
    const sorted = (rules: Readonly<Record<string, readonly string[]>>): readonly (readonly [string, string])[] =>
      Object.entries(rules)
        .map(([room, others]) => [room, [...others].sort().join(', ')] as const)
        .sort();
    assert.deepEqual(
      new Set(documented.map(([room]) => room)),
      new Set(tables.keys()),
      'each room with rules for its folders has a section, and no other has',
    );
    for (const [room, text] of documented) {
      assert.deepEqual(sorted(Object.fromEntries(roomsOfTable(text))), sorted(tables.get(room) ?? {}), room);
    }
  });

  it('lets a room tell its own events and no others, and events know no room', () => {
    keeps(followsTheRooms, [
      { file: 'src/http/x.ts', text: `import type { HttpEvent } from '../observation/events/http.ts';` },
    ]);
    breaks(followsTheRooms, 'src/http/x.ts', `import type { IngestEvent } from '../observation/events/ingest.ts';`);
    breaks(followsTheRooms, 'src/http/x.ts', `import { log } from '../observation/log.ts';`);
    breaks(followsTheRooms, 'src/observation/x.ts', `import type { Feed } from '../http/feed.ts';`);
    breaks(eventsKnowNobody, 'src/observation/events/http.ts', `import { log } from '../log.ts';`);
    keeps(eventsKnowNobody, inSource);
  });

  it('has rooms within ingest that import only what they may', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['ledger', 'merge/decide-rows'],
      ['ledger', 'identify/period'],
      ['ledger', 'csv/file-facts'],
      ['stored', 'merge/actions'],
      ['merge', 'derive/derived-sets'],
      ['merge', 'convert/staging-lines'],
      ['derive', 'merge/decide-rows'],
      ['identify', 'convert/computed-column'],
      ['convert', 'load/load-file'],
      ['csv', 'identify/period'],
      ['load', 'back-fill/candidate-loads'],
      ['load', 'delivery/find-files'],
      ['back-fill', 'load/load-file'],
      ['back-fill', 'rebuild/kept-files'],
      ['rebuild', 'delivery/find-files'],
      ['delivery', 'merge/stage-rows'],
      ['delivery', 'convert/staging-lines'],
    ];
    for (const [folder, target] of wrong) {
      breaks(followsTheFolders, `src/ingest/${folder}/x.ts`, `import type { X } from '../${target}.ts';`);
    }
    breaks(followsTheFolders, 'src/ingest/x.ts', '');
    const upwards = `import { takeFile } from '../paths/ingest-paths.ts';`;
    breaks(followsTheFolders, 'src/ingest/delivery/take/x.ts', upwards);
    keeps(followsTheFolders, inSource);
  });

  it('has a way from the text of a metadata file to the catalogue that goes one way', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['schema', 'documents/draft'],
      ['documents', 'export/build-export'],
      ['sets', 'derived/build-derivation'],
      ['upstream', 'documents/draft'],
      ['source', 'build-catalogue'],
    ];
    for (const [folder, target] of wrong) {
      const text = `import type { X } from '../${target}.ts';`;
      breaks(followsTheFolders, `src/catalogue/compile/${folder}/x.ts`, text);
    }
    breaks(followsTheFolders, 'src/catalogue/compile/other/x.ts', '');
  });

  it('lets rows of a set into a statement at one place', () => {
    breaks(entersByTheScope, 'src/sql/read/x.ts', 'const from = quoteRelation(stored.relation);');
    breaks(entersByTheScope, 'src/source/stored/x.ts', `const text = 'SELECT * FROM "feed"."Cases"';`);
    keeps(entersByTheScope, inSource);
  });

  it('has plans that know nothing of the binder, and compilers that are given plans', () => {
    breaks(meetsNoBinder, 'src/plan/model/x.ts', `import type { Literal } from '../../uri/syntax.ts';`);
    breaks(meetsNoBinder, 'src/plan/logic/x.ts', `import type { Scope } from '../bind/scope.ts';`);
    breaks(meetsNoBinder, 'src/plan/restrict.ts', `import type { Scope } from './bind/scope.ts';`);
    breaks(meetsNoBinder, 'src/source/all/x.ts', `import { bindAll } from '../../plan/bind/request/all.ts';`);
    keeps(meetsNoBinder, inSource);
  });

  it('makes plans in one place', () => {
    breaks(makesNoPlan, 'src/source/x.ts', `const plan = { kind: 'Count', source, set, restriction, apply: null };`);
    breaks(makesNoPlan, 'src/plan/bind/x.ts', `return {\n  kind: 'Collection',\n  source };`);
    breaks(makesNoPlan, 'src/http/x.ts', `reply({ kind: 'Metadata' });`);
    keeps(makesNoPlan, inSource);
  });

  it('walks over plans by the tables of one walk', () => {
    const walker = `if (typeof node === 'object') { for (const part of Object.values(node)) { visit(part); } }`;
    breaks(walksByTheTables, 'src/source/x.ts', walker);
    breaks(walksByTheTables, 'src/plan/bind/x.ts', walker);
    keeps(walksByTheTables, inSource);
  });

  it('has folders of http that import downwards, and never what puts them together', () => {
    for (const [folder, target] of [
      ['request', 'reply/reply-sink'],
      ['reply', 'rows/reply-writer'],
      ['sign-in', 'beside/beside-feed'],
      ['batch', 'respond'],
    ]) {
      breaks(followsTheFolders, `src/http/${folder}/x.ts`, `import type { X } from '../${target}.ts';`);
    }
    breaks(followsTheFolders, 'src/http/other/x.ts', '');
  });

  it('has pure rooms without I/O, clock and chance', () => {
    breaks(staysPure, 'src/plan/x.ts', `import { readFileSync } from 'node:fs';`);
    breaks(staysPure, 'src/sql/x.ts', 'const now = Date.now();');
    keeps(staysPure, inSource);
  });

  it('reads the environment in one place', () => {
    breaks(readsNoEnvironment, 'src/http/x.ts', `const port = process.env['PORT'];`);
    keeps(readsNoEnvironment, inSource);
  });

  it('names no vendor in its code', () => {
    breaks(namesNoVendor, 'src/http/x.ts', `// as ${'Trace' + 'Buzz'} does`);
    keeps(namesNoVendor, inProgram);
  });

  it('has no file that is too long to read', () => {
    breaks(isShort, 'src/http/x.ts', 'x\n'.repeat(longestFile + 1));
    keeps(isShort, written);
  });

  it('quotes names and values of SQL in one room', () => {
    breaks(quotesBySql, 'src/ingest/x.ts', `const name = text.replaceAll('"', '""');`);
    breaks(quotesBySql, 'src/ingest/x.ts', `const value = text.replaceAll("'", "''");`);
    assert.deepEqual(quotesBySql({ file: 'src/ingest/x.ts', text: `const text = cell.replaceAll('""', '"');` }), []);
    keeps(quotesBySql, inSource);
  });

  it('has no circle of files that is not the recursion of a grammar', () => {
    const circleOf = (...files: readonly string[]): readonly SourceFile[] =>
      files.map((file, index) => {
        const next = files[(index + 1) % files.length] ?? '';
        return { file, text: `import type { X } from './${path.posix.relative(path.posix.dirname(file), next)}';` };
      });
    const [uri = [], bind = []] = Object.values(recursions);
    const bites = (...files: readonly string[]): void =>
      assert.equal(newCircles(circleOf(...files)).length, 1, `the rule lets through: ${files.join(', ')}`);
    bites('src/edm/a.ts', 'src/edm/b.ts', 'src/edm/c.ts');
    bites(...uri, 'src/uri/new.ts');
    bites(...uri, ...bind);
    assert.deepEqual(newCircles(circleOf(...uri)), []);
    assert.deepEqual(newCircles(inSource), []);
    const listed = new Set(circles(importGraph(inSource)).flat());
    assert.deepEqual(
      Object.values(recursions)
        .flat()
        .filter((file) => !listed.has(file)),
      [],
      'is listed as part of a recursion, but is in no circle: take it out of the list',
    );
  });

  it('loads the sandbox and its packages only where one is wanted', () => {
    const sandboxed = (name: string): boolean => name.startsWith('src/sandbox/') || name === 'odata-v4-server';
    const early = (files: readonly SourceFile[]): readonly string[] =>
      [...loadedWith('src/main.ts', files)].filter(sandboxed);
    const others = inSource.filter(({ file }) => file !== 'src/main.ts');
    const entry = (text: string): readonly SourceFile[] => [...others, { file: 'src/main.ts', text }];
    assert.ok(early(entry(`import {\n  startSandbox,\n} from './sandbox/sandbox.ts';`)).includes('odata-v4-server'));
    assert.deepEqual(early(entry(`import type { Sandbox } from './sandbox/sandbox.ts';`)), []);
    assert.deepEqual(early(inSource), []);
    assert.ok(loadedWith('src/main.ts', inSource).has('fastify'), 'the imports were followed');
  });

  it('T1 has no test that asserts a clock', () => {
    const tests = written.filter(({ file }) => file.startsWith('test/') && file !== 'test/architecture.test.ts');
    breaks(assertsNoClock, 'test/x.test.ts', 'const started = performance.now();');
    keeps(assertsNoClock, tests);
    breaks(hurriesNoTest, 'test/x.test.ts', 'it("x", function () { this.timeout(60_000); });');
    breaks(hurriesNoTest, 'test/x.test.ts', 'it("x", () => {}).timeout(20000);');
    keeps(hurriesNoTest, tests);
  });

  it('names no machine and no registry in any file', () => {
    breaks(namesNoMachine, 'docs/x.md', 'see /work' + '/shared/design.md');
    breaks(namesNoMachine, 'package-lock.json', '"resolved": "https://registry' + '.npmjs.org/a/-/a-1.tgz"');
    keeps(namesNoMachine, everything);
  });
});
