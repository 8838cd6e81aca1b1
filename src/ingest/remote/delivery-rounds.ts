import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import type { Outcome } from '../delivery/delivery.ts';
import { type ReceiveOptions, Receiver } from '../delivery/receive.ts';
import { noteRoundDone, noteRoundFailed, refusedLogin } from '../ledger/delivery-rounds.ts';
import type { IngestContext } from '../load/load-file.ts';
import { FtpServer } from './ftp-server.ts';
import { digestOf, type Environment, isSameLogin, loginOf } from './logins.ts';
import type { Looked } from './look.ts';
import { type RemoteArrival, RemoteDelivery, type RemoteOptions } from './remote-delivery.ts';
import type { Login, RemoteConnection, RemoteServer } from './remote-server.ts';
import { ServerTurns } from './server-turns.ts';
import { SftpServer } from './sftp-server.ts';

export interface RoundsOptions extends RemoteOptions, Pick<ReceiveOptions<RemoteArrival>, 'mayGoOn' | 'spoolFolder'> {
  /** Where secrets are that the metadata names. */
  readonly environment: Environment;
  /** Those of other deliveries of this program, some of which may be at the same server. */
  readonly turns?: ServerTurns;
  readonly onOutcome?: (arrival: RemoteArrival, outcome: Outcome) => void;
}

/** `busy`: another gateway asks the server now. `failed`: the round ended early. */
export type RoundResult =
  | { readonly state: 'done'; readonly found: number; readonly fetched: number; readonly waiting: number }
  | { readonly state: 'busy' }
  | { readonly state: 'failed'; readonly error: GatewayError };

/** Milliseconds for which a login that was refused is not tried again as it was: accounts are locked by those who try. */
const loginPause = 86_400_000;

/**
 * Rounds of one delivery. Any number of gateways may run them on one database: one at a time asks a server, and bytes are loaded once
 * whoever brings them. The ledger has how they go.
 */
export class DeliveryRounds {
  readonly settings: DeliverySettings;
  readonly #context: IngestContext;
  readonly #options: RoundsOptions;
  readonly #turns: ServerTurns;
  readonly #delivery: RemoteDelivery;
  readonly #receiver: Receiver<RemoteArrival>;
  /** The lock of the round that goes on. */
  #held: AbortSignal | null = null;
  /** What the last connection was made with. */
  #login: Login | null = null;
  #retriesLogin = false;

  constructor(context: IngestContext, settings: DeliverySettings, options: RoundsOptions) {
    this.settings = settings;
    this.#context = context;
    this.#options = options;
    this.#turns = options.turns ?? new ServerTurns();
    this.#delivery = new RemoteDelivery(context, settings, { connect: () => this.#connect() }, options);
    const { observe, signal, spoolFolder, onOutcome, mayGoOn } = options;
    this.#receiver = new Receiver(context, this.#delivery, {
      ...(observe === undefined ? {} : { observe }),
      ...(signal === undefined ? {} : { signal }),
      ...(spoolFolder === undefined ? {} : { spoolFolder }),
      ...(onOutcome === undefined ? {} : { onOutcome }),
      mayGoOn: () => {
        mayGoOn?.();
        this.#requireLock();
      },
    });
  }

  /**
   * One round; what ends it early is told and noted. Throws DatabaseUnavailable, StorageFull, and defects.
   * @param retriesLogin also a login that was refused as it is
   */
  async round({ retriesLogin = false }: { readonly retriesLogin?: boolean } = {}): Promise<RoundResult> {
    const { protocol, host, port, user, id } = this.settings;
    const server = `${protocol}://${user}@${host}:${port}`;
    const { database } = this.#context;
    const result = await this.#turns.take(server, () =>
      database.exclusively(`delivery ${server}`, async (held) => {
        this.#held = held;
        this.#retriesLogin = retriesLogin;
        return this.#round();
      }),
    );
    if (result === null) {
      this.#options.observe?.({
        ...{ event: 'delivery-round', delivery: id, outcome: 'busy' },
        ...{ found: 0, fetched: 0, waiting: 0 },
      });
      return { state: 'busy' };
    }
    return result;
  }

  /** What a round would do; changes nothing. Throws what ends a round early. */
  async preview({ retriesLogin = false }: { readonly retriesLogin?: boolean } = {}): Promise<Looked> {
    this.#retriesLogin = retriesLogin;
    return this.#delivery.preview();
  }

  async #round(): Promise<RoundResult> {
    const { database } = this.#context;
    try {
      this.#options.mayGoOn?.();
      await this.#receiver.round();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code === 'DatabaseUnavailable' || error.code === 'StorageFull') {
        throw error;
      }
      // What we broke off ourselves is no failure of the server.
      if (this.#options.signal?.aborted !== true) {
        await this.#noteFailure(error);
      }
      return { state: 'failed', error };
    }
    await noteRoundDone(database, this.settings);
    const counts = this.#delivery.counts;
    this.#options.observe?.({ event: 'delivery-round', delivery: this.settings.id, outcome: 'done', ...counts });
    return { state: 'done', ...counts };
  }

  async #connect(): Promise<RemoteConnection> {
    this.#requireLock();
    const login = await loginOf(this.settings, this.#options.environment);
    this.#login = login;
    if (!this.#retriesLogin) {
      await this.#requireNotRefused(login);
    }
    return serverOf(this.settings, login).connect();
  }

  /** Throws LoginRefused without a try where the server refused exactly this login within a day. */
  async #requireNotRefused(login: Login): Promise<void> {
    const refused = await refusedLogin(this.#context.database, this.settings.id);
    if (refused === null || refused.ago >= loginPause || !(await isSameLogin(this.settings, login, refused))) {
      return;
    }
    const hours = Math.ceil((loginPause - refused.ago) / 3_600_000);
    const message = `${refused.message}; not tried again for ${hours} hours, unless something of it changes`;
    throw new NotTriedAgain(message, this.settings.id);
  }

  async #noteFailure(error: GatewayError): Promise<void> {
    const { id } = this.settings;
    if (error instanceof NotTriedAgain) {
      return;
    }
    const refused = error.code === 'LoginRefused' && this.#login !== null;
    const login = refused && this.#login !== null ? await digestOf(this.settings, this.#login) : null;
    const { code, message, remedy } = error;
    const first = await noteRoundFailed(this.#context.database, this.settings, { code, message, login });
    this.#options.observe?.({ event: 'delivery-failed', delivery: id, code, reason: message, remedy, first });
  }

  #requireLock(): void {
    if (this.#held?.aborted === true) {
      throw new GatewayError('DatabaseUnavailable', 'The lock of this delivery was lost with its connection.');
    }
  }
}

/** A login that was not tried: nothing new is to be noted or told. */
class NotTriedAgain extends GatewayError {
  constructor(message: string, target: string) {
    super('LoginRefused', message, { target });
  }
}

/** The server of a delivery, by its protocol. */
export const serverOf = (settings: DeliverySettings, login: Login): RemoteServer =>
  settings.protocol === 'sftp' ? new SftpServer(settings, login) : new FtpServer(settings, login);
