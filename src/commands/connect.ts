import type { Source } from '../catalogue/catalogue.ts';
import { ConfigError } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { keyMissing, type LastingSettings, LastingSignIn } from '../upstream/sign-in/lasting-sign-in.ts';
import { realTime } from '../upstream/sign-in/time-source.ts';
import { TokenClient } from '../upstream/sign-in/token-client.ts';
import type { Database } from '../warehouse/database.ts';
import { migrate } from '../warehouse/migrate.ts';
import { signInStore } from '../warehouse/sign-ins.ts';
import { checkUpstream } from './feeds/check-upstreams.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface ConnectFlags {
  readonly forget?: boolean;
}

/** What `gateway connect` is given beside its arguments. */
export interface ConnectOptions extends ConnectFlags {
  /** Resolves when the program is to stop. */
  readonly stop: Promise<unknown>;
}

/**
 * `gateway connect SOURCE`: a person signs in at a proxied feed, with a code that is entered elsewhere, and the gateway keeps the sign-in for all that share the
 * database. Gateways that run take it at their next request. With `forget` what is kept goes.
 */
export async function connectCommand(
  surroundings: Surroundings,
  name: string | undefined,
  { forget = false, stop }: ConnectOptions,
): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  const source = name === undefined ? undefined : catalogue.sources.get(name);
  const settings = source?.upstream?.signIn;
  if (name === undefined || source === undefined || settings === undefined) {
    const feeds = [...catalogue.sources.values()].filter(({ kind }) => kind === 'odata').map((one) => one.name);
    const said =
      name === undefined ? 'gateway connect is to be told which feed' : `${name} is no proxied feed of the metadata`;
    throw new ConfigError([`${said}; these are: ${feeds.join(', ') || 'none'}`]);
  }
  if (forget) {
    return withSignIns(surroundings, async (database) => {
      const there = await signInStore(database).forget(name);
      surroundings.print(
        there
          ? `The sign-in at ${source.title} is forgotten here. It may be withdrawn at its server, too.`
          : `No sign-in at ${source.title} is kept.`,
      );
      return exitCodes.ok;
    });
  }
  if (settings.kind !== 'device-code' && settings.kind !== 'refresh-token') {
    const none = settings.kind === 'none' || settings.kind === 'caller';
    const how = none ? 'is asked without a sign-in of the gateway' : 'is signed in at without a person';
    throw new ConfigError([
      `${source.title} ${how} (kind: ${settings.kind}), so nobody has to sign in. upstream.signIn in its source.yaml says how the gateway signs in (docs/proxied-feeds.md, "Signing in"); "gateway check" tries it`,
    ]);
  }
  if (surroundings.config.signInKeys.length === 0) {
    throw new ConfigError([`SIGN_IN_KEY_FILE: ${keyMissing(name)} Make one with  openssl rand -hex 32`]);
  }
  return withSignIns(surroundings, (database) => connect(surroundings, { source, settings, database, stop }));
}

/** The table of sign-ins is there before anything was ever loaded. */
function withSignIns(surroundings: Surroundings, work: (database: Database) => Promise<number>): Promise<number> {
  return withWarehouse(surroundings, async ({ database }) => {
    await migrate(database);
    return work(database);
  });
}

interface Connecting {
  readonly source: Source;
  readonly settings: LastingSettings;
  readonly database: Database;
  readonly stop: Promise<unknown>;
}

async function connect(surroundings: Surroundings, { source, settings, database, stop }: Connecting): Promise<number> {
  const { print, environment, config } = surroundings;
  const context = {
    source: source.name,
    environment,
    time: realTime,
    keeping: { store: signInStore(database), secrets: config.signInKeys },
    // What the log has, people see here.
    observe: (event: { readonly event: string; readonly message?: string }) => {
      if (event.event === 'sign-in') {
        print(`warning: ${event.message ?? ''}`);
      }
    },
  };
  const client = new TokenClient(settings, context);
  const lasting = new LastingSignIn(settings, client, context);
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  if (settings.kind === 'device-code') {
    const { code, tokens } = await client.deviceCode();
    const until = new Date(Date.now() + code.expires_in * 1000).toISOString().slice(11, 16);
    print(`To sign in at ${source.title}, open this address in a browser, on any machine:`);
    print(`  ${code.verification_uri}`);
    print(`and enter the code  ${code.user_code}  before ${until} UTC. Waiting ...`);
    const reply = await tokens(stopping.signal).catch((error: unknown) => {
      if (stopping.signal.aborted) {
        throw new GatewayError('UpstreamUnavailable', 'Stopped before anybody had signed in: nothing was changed.');
      }
      throw error;
    });
    const endsAt = await lasting.begin(reply);
    print(`Signed in. It is kept for all gateways of this database, and ${lastingUntil(endsAt)}.`);
  } else {
    await lasting.obtain(null, stopping.signal);
    print('Signed in with the refresh token of the file; its successors are kept in the database.');
  }
  const { lines, faults } = await checkUpstream(source, {
    ...{ catalogue: catalogueOf(surroundings), environment },
    ...context.keeping,
  });
  lines.slice(0, 1).forEach(print);
  return faults > 0 ? exitCodes.failed : exitCodes.ok;
}

const lastingUntil = (endsAt: number): string =>
  `has to be renewed, which gateways do by themselves, before ${new Date(endsAt).toISOString().slice(0, 10)}`;
