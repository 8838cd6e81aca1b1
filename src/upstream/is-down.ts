import { GatewayError } from '../errors.ts';

/** Whether a feed cannot be asked now. One that refuses is not down. */
export const isDown = (error: unknown): boolean =>
  error instanceof GatewayError && (error.code === 'UpstreamUnavailable' || error.code === 'Busy');
