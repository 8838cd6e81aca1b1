import path from 'node:path';
import { importsOf, type Rule, withoutComments } from './source-rules.ts';

const compilers = ['src/json/', 'src/sql/', 'src/upstream/', 'src/source/'];

/** A plan is the narrow waist: what it says holds whoever made it, and only the binder meets the grammar. */
export const meetsNoBinder: Rule = ({ file, text }) => {
  const within = file.startsWith('src/plan/') && !file.startsWith('src/plan/bind/');
  const forbidden = within ? ['src/plan/bind/', 'src/uri/'] : ['src/plan/bind/'];
  if (!within && !compilers.some((folder) => file.startsWith(folder))) {
    return [];
  }
  return importsOf(text)
    .map((name) => path.posix.join(path.posix.dirname(file), name))
    .filter((target) => forbidden.some((folder) => target.startsWith(folder)))
    .map((target) => `${file} imports ${target}; it is given plans, and does not ask how they were written`);
};

const readsPlans = ['src/plan/', 'src/sql/', 'src/json/', 'src/source/', 'src/upstream/', 'src/http/', 'src/commands/'];
/** Kinds in types are `readonly`, or stand alone in braces; plans without rows are nothing but their kind. */
const planLiteral =
  /(?<!readonly )\bkind: '(?:Collection|Entity|PropertyRead|Count|Crossjoin|All)'(?! [}>])|\{ kind: '(?:ServiceDocument|Metadata)' \}/;

export const makesNoPlan: Rule = ({ file, text }) => {
  const found = withoutComments(text).match(planLiteral)?.[0];
  // Other rooms have words of the same names: segments of a path, types of CSDL.
  const meets = file !== 'src/plan/model/make.ts' && readsPlans.some((folder) => file.startsWith(folder));
  return found === undefined || !meets
    ? []
    : [`${file} writes a plan out (${found}); the constructors are in src/plan/model/make.ts`];
};

/** Rows that are not served, or not for the reader, are left out at one place: where rows of a set enter a statement. */
export const entersByTheScope: Rule = ({ file, text }) => {
  const reads = ['src/sql/', 'src/source/', 'src/http/'].some((folder) => file.startsWith(folder));
  // The one names the table, the other asks for its number, and a policy is of a table.
  const allowed = [
    'src/sql/identifier.ts',
    'src/sql/scope.ts',
    'src/sql/row-policy.ts',
    'src/source/stored/delta/tracking.ts',
  ];
  return reads && !allowed.includes(file) && /\bquoteRelation\(|"feed"/.test(withoutComments(text))
    ? [`${file} names the table of a set; its rows enter a statement by Scope in src/sql/scope.ts`]
    : [];
};

/** Of the syntax tree, which has no walk: what two places ask of it they ask of every node alike. */
const walksSyntax = ['src/plan/bind/fingerprint.ts', 'src/plan/bind/request/untyped-options.ts'];

/** A walk over whatever is there goes on to compile, and goes wrong, when a kind of node is added. */
export const walksByTheTables: Rule = ({ file, text }) => {
  const code = withoutComments(text);
  const reflects =
    /\btypeof \w+ [!=]== 'object'/.test(code) && /\bObject\.(?:values|entries|keys)\((?!headers\b)\w+\)/.test(code);
  return reflects && readsPlans.some((folder) => file.startsWith(folder)) && !walksSyntax.includes(file)
    ? [`${file} looks into whatever an object holds; plans are walked by src/plan/model/walk.ts`]
    : [];
};
