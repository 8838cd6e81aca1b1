import { type FastifyInstance, fastify } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { checkServedHost, isLoopback } from '../edge/served-host.ts';
import { errorReply } from '../reply/error-body.ts';
import { type Health, healthRoutes } from './health.ts';

/** What is told of the program in the exposition format of Prometheus. */
export interface Exposition {
  /** Media type of `text`. */
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * A listener apart from the feed's, for whoever runs the program: health and metrics. It answers before the feed does, and until the program
 * ends. `host`: the address that it will listen on; on a loopback address nobody asks for metrics by another name (DNS rebinding).
 */
export function operationsListener(host: string, health: Health, exposition: Exposition): FastifyInstance {
  const app = fastify({
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: true,
    http: { headersTimeout: 10_000, requestTimeout: 10_000 },
    bodyLimit: 1024,
  });
  healthRoutes(app, health);
  app.get('/metrics', async (request, reply) => {
    if (isLoopback(host)) {
      checkServedHost(request.headers, null);
    }
    return reply
      .header('Cache-Control', 'no-store')
      .type(exposition.contentType)
      .send(await exposition.text());
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = errorReply(error, request.id);
    return reply.code(status).type('application/json; charset=utf-8').send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const nothing = new GatewayError('ResourceNotFound', 'Here are /metrics, /health/live and /health/ready');
    const { status, body } = errorReply(nothing, request.id);
    return reply.code(status).type('application/json; charset=utf-8').send(body);
  });
  return app;
}
