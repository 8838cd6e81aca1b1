import { type Config, type Environment, examineConfig } from '../../config.ts';
import type { SignInEvent } from '../../observation/events/sign-in.ts';
import type { Observe } from '../../observation/observe.ts';
import { type Connection, tryLogin } from '../../warehouse/connection/server-login.ts';
import { stampOf } from '../sharing/reread-setting.ts';

/** Addresses of servers, with the user and password that are right now. */
export interface DatabaseLogins {
  readonly primary: Connection;
  /** Who files are taken in as; null: nobody besides. */
  readonly loader: Connection | null;
  /** In the order of READ_DATABASE_URL. */
  readonly standbys: readonly Connection[];
  close(): void;
}

export interface LoginSurroundings {
  readonly config: Config;
  readonly environment: Environment;
  readonly observe: Observe<SignInEvent>;
}

/** Settings that a password for PostgreSQL stands in. */
const names = ['DATABASE_URL', 'LOAD_DATABASE_URL', 'READ_DATABASE_URL', 'PGPASSWORD'] as const;

/** Milliseconds between two looks at the files. */
const looking = 1000;

/**
 * Users and passwords as their files (`<name>_FILE`) have them now. What a changed file says is taken over once PostgreSQL lets it in: until then what was right
 * before goes on, and why is told once. So the password can be changed at PostgreSQL and in the file in any order, and no connection is
 * refused for a word that was mistyped. Without such files nothing is followed.
 */
export function followLogins(
  first: string,
  { config, environment, observe }: LoginSurroundings,
  every = looking,
): DatabaseLogins {
  const files = names.flatMap((name) => environment[`${name}_FILE`] || []);
  if (files.length === 0) {
    const { loadDatabaseUrl: loader, readDatabaseUrls: standbys } = config;
    return { primary: first, loader, standbys, close: () => {} };
  }
  const loads = config.loadDatabaseUrl;
  const followed = [
    new FollowedLogin('DATABASE_URL', first, observe),
    ...(loads === null ? [] : [new FollowedLogin('LOAD_DATABASE_URL', loads, observe)]),
    ...config.readDatabaseUrls.map(
      (url, index) => new FollowedLogin(`READ_DATABASE_URL, server ${index + 1}`, url, observe),
    ),
  ];
  let seen = files.map(stampOf).join();
  let isLooking = false;
  /** Never throws. */
  const look = async (): Promise<void> => {
    const stamp = files.map(stampOf).join();
    if (stamp === seen && followed.every(({ isSettled }) => isSettled)) {
      return;
    }
    const { config: now, faults } = examineConfig(environment);
    const wanted = [now.databaseUrl, ...(loads === null ? [] : [now.loadDatabaseUrl]), ...now.readDatabaseUrls];
    const fault = faults.find((one) => names.some((name) => one.startsWith(name)));
    // A file that is replaced may be away for a moment, or not whole.
    if (fault === undefined) {
      seen = stamp;
    }
    await Promise.all(followed.map((one, index) => one.take(wanted[index] ?? null, fault)));
  };
  const timer = setInterval(() => {
    if (!isLooking) {
      isLooking = true;
      void look().finally(() => {
        isLooking = false;
      });
    }
  }, every);
  timer.unref();
  const [primary = first, ...others] = followed.map((one) => () => one.current);
  const [loader, standbys] = loads === null ? [null, others] : [others[0] ?? loads, others.slice(1)];
  return { primary, loader, standbys, close: () => clearInterval(timer) };
}

/** One server's user and password. */
class FollowedLogin {
  current: string;
  /** What the file says is what is used, or can never be. */
  isSettled = true;
  readonly #setting: string;
  readonly #observe: Observe<SignInEvent>;
  #fault: string | null = null;

  constructor(setting: string, first: string, observe: Observe<SignInEvent>) {
    this.#setting = setting;
    this.current = first;
    this.#observe = observe;
  }

  /** Never throws. */
  async take(wanted: string | null, unreadable: string | undefined): Promise<void> {
    this.isSettled = unreadable === undefined;
    if (unreadable !== undefined) {
      return this.#tell(unreadable);
    }
    if (wanted === this.current) {
      return this.#fault === null ? undefined : this.#tell(null);
    }
    if (wanted === null || serverOf(wanted) !== serverOf(this.current)) {
      return this.#tell('it names another server or database than at the start: restart the gateway to go there');
    }
    const refusal = await tryLogin(wanted);
    this.isSettled = refusal === null;
    if (refusal === null) {
      this.current = wanted;
      return this.#tell(null);
    }
    const { refused, reason } = refusal;
    this.#tell(
      refused
        ? `PostgreSQL does not let in what the file says now, so the one before goes on and this is tried again: ${reason}`
        : `whether the file is right cannot be tried yet: ${reason}`,
    );
  }

  /** Once for each fault; null: it is taken over. */
  #tell(fault: string | null): void {
    if (fault === null || fault !== this.#fault) {
      this.#observe({ event: 'credentials', setting: this.#setting, fault });
    }
    this.#fault = fault;
  }
}

/** An address without who signs in. */
function serverOf(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}
