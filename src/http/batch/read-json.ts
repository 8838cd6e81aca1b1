import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { type InnerRequest, isRequestId } from './batch-request.ts';

const requestSchema = z.object({
  id: z.string(),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  dependsOn: z.array(z.string()).optional(),
  atomicityGroup: z.string().nullish(),
  if: z.string().nullish(),
});

const batchSchema = z.object({ requests: z.array(requestSchema) });

/**
 * Reads a JSON batch (OData JSON 4.01, 19.1). Throws GatewayError BadRequest that names the member at fault; what only
 * this feed cannot do is told in the place of its request.
 */
export function readJsonBatch(body: string): readonly InnerRequest[] {
  const checked = batchSchema.safeParse(parsed(body));
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'the batch' : issue.path.map(String).join('/');
    throw new GatewayError('BadRequest', `The batch is malformed at ${where}: ${issue?.message ?? 'unknown'}`);
  }
  const known = new Set<string>();
  const groups = new Set(checked.data.requests.map(({ atomicityGroup }) => atomicityGroup));
  return checked.data.requests.map((request) => {
    const { id, dependsOn = [] } = request;
    if (!isRequestId(id)) {
      throw new GatewayError('BadRequest', `"${id}" is not a request id`, { target: 'id' });
    }
    if (known.has(id) || groups.has(id)) {
      throw new GatewayError('BadRequest', `The request id "${id}" is used twice`, { target: 'id' });
    }
    const missing = dependsOn.find((name) => !known.has(name));
    if (missing !== undefined) {
      throw new GatewayError('BadRequest', `Request "${id}" depends on "${missing}", which is not before it`, {
        target: 'dependsOn',
      });
    }
    known.add(id);
    if (typeof request.atomicityGroup === 'string') {
      known.add(request.atomicityGroup);
    }
    return innerRequest(request);
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new GatewayError('BadRequest', 'The body of the batch is not JSON', { cause });
  }
}

function innerRequest(request: z.infer<typeof requestSchema>): InnerRequest {
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const atomicityGroup = request.atomicityGroup ?? null;
  const body = request.body ?? null;
  return {
    id: request.id,
    method: request.method.toUpperCase(),
    url: request.url,
    headers: Object.fromEntries(given),
    body: body === null || typeof body === 'string' ? body : JSON.stringify(body),
    dependsOn: request.dependsOn ?? [],
    condition: request.if ?? null,
    atomicityGroup,
    fault:
      atomicityGroup === null
        ? null
        : new GatewayError('NotImplemented', 'Atomicity groups are for changes: this feed is read-only', {
            feature: 'change-sets',
            target: 'atomicityGroup',
          }),
  };
}
