import type { Access } from '../../access/access.ts';
import { operations } from '../../access/access-schema.ts';
import { servedCatalogue } from '../../archive/archives.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { feedPath } from '../../http/exchange.ts';
import type { Feed } from '../../http/feed.ts';
import { serviceLimits } from '../../http/limits.ts';
import { splitInstant } from '../../http/paging/page-instant.ts';
import { unobserved, type Values } from '../../observation/observe.ts';
import { bindRead } from '../../plan/bind/bind-read.ts';
import { everything, type Grants } from '../../plan/grants.ts';
import { describePlan } from '../../plan/model/describe.ts';
import { withoutValues } from '../../plan/model/describe-expression.ts';
import type { Bound } from '../../plan/model/read-plan.ts';
import { restrict } from '../../plan/restrict.ts';
import { visibleCatalogue } from '../../plan/visible.ts';
import type { Principal } from '../../sign-in/principal.ts';
import { sourcesOf } from '../../source/federated/sources.ts';
import { rowRights } from '../../source/stored/row-rights.ts';
import { formattedSql } from '../../sql/formatted-sql.ts';
import { withoutLiterals } from '../../sql/hidden-literals.ts';
import { urlText } from '../../upstream/url/url-text.ts';
import { parseODataUri, settleQuery } from '../../uri/parse-uri.ts';
import type { ODataUri } from '../../uri/syntax.ts';
import type { ReadOptions } from '../../warehouse/database.ts';
import { type ConnectedUpstreams, connectUpstreams } from '../feeds/connect-upstreams.ts';
import { accessOf, explainedPrincipal } from '../serving/access-works.ts';
import { exitCodes } from '../support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from '../support/surroundings.ts';
import { postgresPlan } from './postgres-plan.ts';
import { type Read, readsOf } from './reads.ts';
import { positionLines, type RequestedUrl, requestedUrl, withoutValuesOf } from './requested-url.ts';
import { syntaxLines } from './syntax-tree.ts';

export interface ExplainFlags {
  /** As whom to ask; absent: as somebody who may see everything. */
  readonly as?: string;
  /** Claims of his token, as a JSON object; absent: it is the name of a password or key. */
  readonly claims?: string;
  /** Runs the statements, and says what they took. */
  readonly analyze?: boolean;
  /** Shows the values of the request. */
  readonly values?: boolean;
}

/**
 * `gateway explain`: what becomes of a URL, stage by stage: syntax, plan, statements or requests to proxied feeds, and
 * PostgreSQL's plan of each statement; with `grantsOf` as somebody with rights sees it. Reads nothing but what `analyze` has run, in a read-only transaction of the read role. Where
 * the URL is at fault it says the position, and throws what the server would answer.
 */
export async function explainCommand(
  surroundings: Surroundings,
  text: string,
  flags: ExplainFlags,
  grantsOf?: Feed['grantsOf'],
): Promise<number> {
  const { config, print } = surroundings;
  if (flags.as !== undefined && config.accessFile === null && grantsOf === undefined) {
    print(
      `There are no rules for ${flags.as}: ACCESS_FILE is not set, so that all who may read see the same. Leave --as out.`,
    );
    return exitCodes.usage;
  }
  if (flags.claims !== undefined && flags.as === undefined) {
    print('--claims says what the token of --as NAME says: give both.');
    return exitCodes.usage;
  }
  const values: Values = flags.values === true ? 'shown' : 'hidden';
  const section = (title: string, lines: readonly string[]): void => {
    const indented = lines.map((line) => `  ${line}`);
    print([title, ...indented, ''].join('\n'));
  };
  const url = requestedUrl(text, config.keyName);
  const proxied = new Connections(surroundings);
  try {
    const uri = parsed(url);
    section(
      'Syntax',
      syntaxLines(uri).map((line) => (values === 'shown' ? line : withoutValues(line))),
    );
    const principal = flags.as === undefined ? null : explainedPrincipal(flags.as, flags.claims);
    const place = { catalogue: proxied.documented, signsIn: true, observe: unobserved };
    const access = principal === null || grantsOf !== undefined ? null : accessOf(config, place);
    const grants = (catalogue: Catalogue): Grants =>
      (access === null ? grantsOf?.(principal, catalogue) : access.grantsOf(principal, catalogue)) ?? everything;
    if (principal !== null && access !== null) {
      section(
        `Rights of ${principal.name}`,
        rightsLines(access, principal, access.grantsOf(principal, proxied.documented)),
      );
    }
    const { plan, restricted, granted, catalogue } = await boundTo(uri, { proxied, grants, pageSize: config.pageSize });
    section('Plan', describePlan(plan, { values }).split('\n'));
    if (restricted !== plan) {
      section('Plan of the rows that may be seen', describePlan(restricted, { values }).split('\n'));
    }
    const upstreams = proxied.open?.upstreams ?? new Map<string, never>();
    const reads = readsOf(restricted, sourcesOf(catalogue, upstreams));
    for (const [index, read] of reads.entries()) {
      section(`${reads.length > 1 ? `${index + 1}. ` : ''}${titleOf(read)}`, linesOf(read, values));
    }
    const statements = reads.filter((read) => read.kind === 'statement').filter(({ brought = false }) => !brought);
    const rights = config.rowLevelSecurity ? { rights: rowRights(restricted.setNames, granted, catalogue) } : {};
    const how = { section, analyze: flags.analyze === true, values, ...rights };
    return await explainStatements(surroundings, statements, how);
  } catch (error) {
    if (error instanceof GatewayError) {
      positionLines(error, url, values).forEach(print);
      throw values === 'shown' ? error : withoutValuesOf(error, url);
    }
    throw error;
  } finally {
    await proxied.open?.close();
  }
}

/** Roles, operations, and how much of the sets. */
function rightsLines(access: Access, principal: Principal, { sets }: Grants): readonly string[] {
  const roles = access.rolesOf(principal);
  const operated = operations.filter((one) => access.allows(principal, one));
  const seen = [...(sets ?? [])].map(([name, { properties, rule }]) => {
    const how = [...(properties === null ? [] : ['some properties']), ...(rule === '' ? [] : ['restricted'])];
    return how.length === 0 ? name : `${name} (${how.join(', ')})`;
  });
  return [
    `roles: ${roles.join(', ') || 'none'}`,
    `operations: ${operated.join(', ') || 'none'}`,
    `sets: ${seen.join(', ') || 'none'}`,
  ];
}

function parsed({ path, query }: RequestedUrl): ODataUri {
  const { uri } = serviceLimits;
  const settled = settleQuery(query, uri);
  return splitInstant(parseODataUri(settled === '' ? path : `${path}?${settled}`, uri)).uri;
}

/** The proxied feeds, connected once a request needs them: one that is down would be waited for. */
class Connections {
  open: ConnectedUpstreams | null = null;
  readonly documented: Catalogue;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.documented = catalogueOf(surroundings);
  }

  async connected(): Promise<ConnectedUpstreams> {
    // Whether a feed has a sandbox in its place is no news of this command.
    this.open ??= await connectUpstreams({ ...this.#surroundings, print: () => undefined }, this.documented);
    return this.open;
  }

  /** What the feeds declare, with the sets that are served from their archives, where there is a warehouse that has any. */
  async served(): Promise<Catalogue> {
    const { catalogue, feeds } = await this.connected();
    const live = catalogue();
    if (![...live.sets.values()].some((set) => set.kind === 'upstream' && set.archive && feeds.has(set.source))) {
      return live;
    }
    let served = live;
    await withExistingWarehouse({ ...this.#surroundings, print: () => undefined }, async ({ database }) => {
      const { rows } = await database.query<{ there: boolean }>(
        `SELECT to_regclass('gateway.archive') IS NOT NULL AS there`,
      );
      served = rows[0]?.there === true ? await servedCatalogue(database, live, feeds) : live;
      return exitCodes.ok;
    });
    return served;
  }
}

interface BoundTo {
  readonly plan: Bound;
  /** The same object where nothing restricts it. */
  readonly restricted: Bound;
  readonly granted: Grants;
  /** As who asks sees it. */
  readonly catalogue: Catalogue;
}

interface Binding {
  readonly proxied: Connections;
  grants(catalogue: Catalogue): Grants;
  readonly pageSize: number;
}

/** Bound to the model as the documents say it where that is all it needs, else to what the proxied feeds declare, too. */
async function boundTo(uri: ODataUri, { proxied, grants, pageSize }: Binding): Promise<BoundTo> {
  const to = (served: Catalogue): BoundTo => {
    const granted = grants(served);
    const catalogue = visibleCatalogue(served, granted);
    const plan = bound(uri, catalogue, pageSize);
    return { plan, restricted: restrict(plan, granted), granted, catalogue };
  };
  const isProxied = (set: string): boolean => proxied.documented.sets.get(set)?.kind === 'upstream';
  let documented: BoundTo | null = null;
  try {
    documented = to(proxied.documented);
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
  }
  if (documented !== null && !documented.plan.setNames.some(isProxied)) {
    return documented;
  }
  return to(await proxied.served());
}

const bound = (uri: ODataUri, { model, sets, withheld }: Catalogue, pageSize: number): Bound =>
  bindRead(uri, {
    model,
    sets,
    ...(withheld && { withheld }),
    limits: serviceLimits.plan,
    pageSize,
    now: () => new Date().toISOString(),
    serviceRoot: `http://localhost${feedPath}`,
  });

function titleOf(read: Read): string {
  switch (read.kind) {
    case 'words':
      return 'Step';
    case 'statement':
      return `Statement: ${read.title}`;
    case 'address':
      return `Request: ${read.title}`;
  }
}

function linesOf(read: Read, values: Values): readonly string[] {
  switch (read.kind) {
    case 'words':
      return read.text.split('\n');
    case 'statement': {
      const sql = formattedSql(read.sql);
      return (values === 'shown' ? sql : withoutLiterals(sql)).split('\n');
    }
    case 'address':
      return [read.url === null ? 'It has no address.' : urlText(read.url, values)];
  }
}

interface Explaining extends Pick<ReadOptions, 'rights'> {
  readonly section: (title: string, lines: readonly string[]) => void;
  readonly analyze: boolean;
  readonly values: Values;
}

async function explainStatements(
  surroundings: Surroundings,
  statements: readonly (Read & { readonly kind: 'statement' })[],
  { section, analyze, values, ...rights }: Explaining,
): Promise<number> {
  if (statements.length === 0) {
    return exitCodes.ok;
  }
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const { statementTimeout: timeout } = surroundings.config;
    const reading = { timeout, signal: new AbortController().signal, ...rights };
    for (const { title, sql } of statements) {
      const lines = await database.read((session) => postgresPlan(session, sql, { analyze, values }), reading);
      section(`PostgreSQL's plan: ${title}`, lines);
    }
    return exitCodes.ok;
  });
}
