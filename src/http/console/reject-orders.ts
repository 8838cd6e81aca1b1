import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import type { RejectChoice } from './console-service.ts';

const name = z.string().min(1).max(200);

const choice = z.object({
  ids: z
    .array(z.string().regex(/^[1-9]\d{0,17}$/, 'must be a number'))
    .min(1)
    .max(1000)
    .optional(),
  source: name.optional(),
  export: name.optional(),
  code: name.optional(),
});

const dismissal = z.object({
  reason: z.string().trim().min(1, 'must say why: whoever looks at these rows later wants to know').max(1000),
});

/** Which rows an order is about. At least one of its members must be there: nothing is ever done to all rows by leaving something out. Throws GatewayError BadRequest. */
export function rejectChoice(order: unknown): RejectChoice {
  const { ids, source, export: exported, code } = read(choice, order);
  if (ids === undefined && source === undefined && exported === undefined && code === undefined) {
    throw new GatewayError('BadRequest', 'The order names no rows: ids, source, export or code must say which');
  }
  return {
    ...(ids === undefined ? {} : { ids }),
    ...(source === undefined ? {} : { source }),
    ...(exported === undefined ? {} : { export: exported }),
    ...(code === undefined ? {} : { code }),
  };
}

/** Throws GatewayError BadRequest. */
export const rejectReason = (order: unknown): string => read(dismissal, order).reason;

function read<T>(schema: z.ZodType<T>, order: unknown): T {
  const { data, error } = schema.safeParse(order);
  if (error !== undefined || data === undefined) {
    const faults = (error?.issues ?? []).map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
    throw new GatewayError('BadRequest', `The order cannot be read: ${faults.join('; ')}`);
  }
  return data;
}
