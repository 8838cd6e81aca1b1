import { GatewayError } from '../../errors.ts';
import type { InnerRequest } from './batch-request.ts';

/** Names that stand for themselves at the start of a URL, whatever ids a batch has. */
const systemNames = new Set(['$batch', '$crossjoin', '$all', '$entity', '$root', '$id', '$metadata']);

interface Ended {
  readonly succeeded: boolean;
  /** Path of the resource, without query; what `$id` stands for. */
  readonly path: string;
}

/** What came of the requests so far, for those that depend on them (OData JSON 4.01, 19.1). */
export class Dependencies {
  readonly #ended = new Map<string, Ended>();

  note(request: InnerRequest, status: number): void {
    const succeeded = status >= 200 && status < 300;
    const [path = ''] = (request.fault === null ? this.#path(request.url) : request.url).split('?');
    if (request.id !== null) {
      this.#ended.set(request.id, { succeeded, path });
    }
    const group = request.atomicityGroup;
    if (group !== null) {
      const before = this.#ended.get(group)?.succeeded ?? true;
      this.#ended.set(group, { succeeded: before && succeeded, path: '' });
    }
  }

  /** Throws GatewayError FailedDependency. */
  check({ dependsOn, condition }: InnerRequest): void {
    if (condition !== null) {
      if (this.#holds(condition)) {
        return;
      }
      throw new GatewayError('FailedDependency', `The condition of the request does not hold: ${condition}`);
    }
    const failed = dependsOn.find((id) => this.#ended.get(id)?.succeeded !== true);
    if (failed !== undefined) {
      throw new GatewayError('FailedDependency', `The request depends on "${failed}", which failed`);
    }
  }

  /** The request's URL with `$id` at its start replaced. Throws GatewayError BadRequest for an id that is not known. */
  resolve({ url, dependsOn, condition }: InnerRequest): string {
    const id = referenced(url);
    if (id === null) {
      return url;
    }
    const listed = dependsOn.length === 0 && condition === null ? this.#ended.has(id) : dependsOn.includes(id);
    const ended = this.#ended.get(id);
    if (ended === undefined || !listed) {
      throw new GatewayError('BadRequest', `$${id} stands for no request that this one depends on`, { target: 'url' });
    }
    if (!ended.succeeded) {
      throw new GatewayError('FailedDependency', `$${id} stands for a request that failed`);
    }
    return this.#path(url);
  }

  #path(url: string): string {
    const id = referenced(url);
    const path = id === null ? undefined : this.#ended.get(id)?.path;
    return path === undefined ? url : `${path}${url.slice(`$${id}`.length)}`;
  }

  /** `$id/$succeeded`, and `not` of it; other conditions are not evaluated and do not hold (OData JSON 4.01, 19.1). */
  #holds(condition: string): boolean {
    const found = /^\s*(not\s*)?(\()?\s*\$([A-Za-z0-9._~-]+)\/\$succeeded\s*(\))?\s*$/i.exec(condition);
    const ended = this.#ended.get(found?.[3] ?? '');
    if (found === null || ended === undefined || (found[2] === undefined) !== (found[4] === undefined)) {
      throw new GatewayError('FailedDependency', `This feed evaluates $id/$succeeded only, not: ${condition}`, {
        target: 'if',
      });
    }
    return (found[1] === undefined) === ended.succeeded;
  }
}

/** The id that a URL starts with; null: it starts with no reference. */
function referenced(url: string): string | null {
  const [segment = ''] = url.split(/[/?]/, 1);
  if (!segment.startsWith('$') || systemNames.has(segment.replace(/\(.*$/, ''))) {
    return null;
  }
  return segment.slice(1);
}
