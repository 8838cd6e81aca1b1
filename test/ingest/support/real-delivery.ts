import type { DeliverySettings } from '../../../src/catalogue/delivery-settings.ts';
import type { Login, RemoteServer } from '../../../src/ingest/remote/remote-server.ts';
import {
  type RealName,
  type RealOptions,
  type RealServer,
  realServer,
  whyNot,
} from '../../support/servers/real-servers.ts';
import type { Feed } from './feed.ts';
import { goodLogin, newKey, type RemoteRounds, roundsOf, serverOf, settingsOf } from './remote.ts';

export interface RealDelivery {
  readonly settings: DeliverySettings;
  readonly remote: RemoteServer;
  readonly rounds: RemoteRounds;
}

export interface RealServers {
  readonly hostKey: ReturnType<typeof newKey>;
  /** By the key that each sshd lets in. */
  readonly login: Login;
  /** Starts one, which ends with the test; or skips the test and says why. */
  start(test: Mocha.Context, name: RealName, options?: RealOptions): Promise<RealServer>;
  /** A delivery of its folder `in`, by name. */
  delivery(server: RealServer, name: RealName, more?: Partial<DeliverySettings>): RealDelivery;
}

/** Servers of Debian, for the tests of the `describe` that calls this. */
export function useRealServers(feed: () => Feed): RealServers {
  const [hostKey, ours] = [newKey(), newKey()];
  const running: RealServer[] = [];
  afterEach(() => Promise.all(running.splice(0).map((server) => server.close())));
  const login = { ...goodLogin, password: null, privateKey: ours.secret };
  return {
    hostKey,
    login,
    start: async (test, name, options = {}) => {
      const why = whyNot(name);
      if (why !== null) {
        if (test.test !== undefined) {
          test.test.title += ` (${why}; a server of our own stands in, in remote-faults.test.ts)`;
        }
        test.skip();
      }
      const server = await realServer(name, { hostKey: hostKey.secret, authorized: [ours.line], ...options });
      running.push(server);
      return server;
    },
    delivery: (server, name, more = {}) => {
      const protocol = name === 'sshd' ? 'sftp' : 'ftp';
      const settings = settingsOf({
        ...{ id: `tracebuzz/${name}`, protocol, port: server.port, user: server.user, directory: 'in' },
        ...{ hostKeys: name === 'sshd' ? [hostKey.fingerprint] : [], ...more },
      });
      const remote = serverOf(settings, { ...(name === 'sshd' ? login : goodLogin), user: server.user });
      return { settings, remote, rounds: roundsOf(feed(), settings, { server: remote }) };
    },
  };
}
