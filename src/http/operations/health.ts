import type { FastifyInstance, FastifyReply } from 'fastify';

/** What keeps the gateway from serving: it starts, PostgreSQL cannot be asked, its tables are not those of this program, or it ends. */
export type UnreadyPart = 'starting' | 'database' | 'migrations' | 'metadata' | 'stopping';

/** Whoever knows whether requests would be answered. */
export interface Health {
  /** null: it serves. Answers within a few seconds whatever happens to PostgreSQL, and asks it once a second at most. Never throws. */
  unready(): Promise<UnreadyPart | null>;
  /** The standbys that are read, in the order of their setting. Absent or null: there are none. */
  standbys?(): readonly StandbyHealth[] | null;
}

/** Whether a standby is read, and how old its rows may be; null: it does not say. */
export interface StandbyHealth {
  readonly state: 'current' | 'behind' | 'lost';
  readonly lagSeconds: number | null;
  readonly lagBytes: number | null;
}

/** Seconds after which a probe may find another answer. */
const retryAfter = 5;

/**
 * `/health/live`: the process answers. `/health/ready`: it serves rows now; else 503, with the part that is missing. Everybody may
 * ask, so nothing else is told but how far standbys are behind: no address, no version, no message.
 */
export function healthRoutes(app: FastifyInstance, health: Health): void {
  app.get('/health/live', async (_, reply) => send(reply, 200, { status: 'live' }));
  app.get('/health/ready', async (_, reply) => {
    const part = await health.unready();
    const standbys = health.standbys?.() ?? null;
    const told = standbys === null ? {} : { standbys };
    if (part === null) {
      return send(reply, 200, { status: 'ready', ...told });
    }
    reply.header('Retry-After', String(retryAfter));
    return send(reply, 503, { status: 'unavailable', part, ...told });
  });
}

function send(reply: FastifyReply, status: number, body: Readonly<Record<string, unknown>>): FastifyReply {
  return reply.code(status).header('Cache-Control', 'no-store').type('application/json; charset=utf-8').send(body);
}
