import { GatewayError, operatorMessage } from '../../../errors.ts';
import type { Container, Member } from '../../container/container.ts';
import { examineFile, type FileFacts } from '../../csv/file-facts.ts';
import { type FileOutcome, type InContainer, noteFile, unpackedBefore } from '../../ledger/ledger.ts';
import { type IngestContext, loadExamined, saidSource } from '../../load/load-file.ts';
import { loadEvent, type MemberResult, type TakenContainer } from '../ingest-result.ts';
import { placeOf } from '../source-folders.ts';
import { attempt, outcomeOf } from './attempt.ts';
import { isPassedOver, memberTarget } from './member-place.ts';
import { FolderSpool } from './spool.ts';
import type { TakeOptions } from './take-options.ts';

/** A container at work: each member is unpacked into the spool, loaded as a file of its own with its own row in the ledger, and removed there. */
export class ContainerIntake {
  readonly #context: IngestContext;
  readonly #facts: FileFacts;
  readonly #container: Container;
  readonly #options: TakeOptions;

  constructor(
    context: IngestContext,
    given: { readonly facts: FileFacts; readonly container: Container; readonly options: TakeOptions },
  ) {
    this.#context = context;
    this.#facts = given.facts;
    this.#container = given.container;
    this.#options = given.options;
  }

  /** Throws what keeps a member waiting, once all others are taken; and at once what affects everything. */
  async take(): Promise<TakenContainer> {
    const known = await this.#known();
    if (known !== null) {
      return known;
    }
    const { sha256 } = this.#facts;
    const results = this.#options.settled?.of(sha256) ?? new Map<number, MemberResult>();
    const leftAlone: string[] = [];
    const taken: MemberResult[] = [];
    let waits: GatewayError | null = null;
    for (const member of this.#container.members) {
      if (isPassedOver(member, this.#context.catalogue)) {
        leftAlone.push(member.path);
        continue;
      }
      const result = results.get(member.index) ?? (await this.#take(member));
      if (outcomeOf(result).fate === 'waits' && 'error' in result) {
        waits ??= result.error;
      } else {
        results.set(member.index, result);
        taken.push(result);
      }
    }
    if (waits !== null) {
      throw waits;
    }
    this.#options.settled?.forget(sha256);
    return this.#settled(taken, leftAlone);
  }

  /** The same bytes were taken whole from the same place before, and nobody says more of them than the place does: so would be each member. */
  async #known(): Promise<TakenContainer | null> {
    const { source, directory, export: name, period, force, again, below = this.#facts.name } = this.#options;
    const place = placeOf(below, this.#context.catalogue);
    const more = [name, period, force, again].some((one) => one !== undefined && one !== false);
    if (more || source !== place.source || directory !== place.directory) {
      return null;
    }
    const { database } = this.#context;
    const earlier = await unpackedBefore(database, { sha256: this.#facts.sha256, path: below });
    if (earlier === null) {
      return null;
    }
    const message = `same bytes as load ${earlier}, of which all members were taken`;
    const loadId = await noteFile(database, this.#facts, {
      state: 'duplicate',
      target: null,
      source: this.#source(),
      message,
      below,
    });
    return { state: 'unpacked', path: this.#facts.path, loadId, source: this.#source(), members: [], message };
  }

  async #take(member: Member): Promise<MemberResult> {
    const { database } = this.#context;
    const path = `${this.#facts.path}/${member.path}`;
    const result = { ...(await attempt(path, () => this.#load(member))), path };
    if (result.state === 'failed' && outcomeOf(result).fate === 'refused') {
      await noteFile(database, await this.#packed(member), this.#outcome(member, 'failed', result.error));
    }
    this.#options.observe?.(loadEvent(result));
    return result;
  }

  async #load(member: Member): ReturnType<typeof loadExamined> {
    const spool = new FolderSpool(this.#options.spoolFolder);
    try {
      const path = await spool.place();
      try {
        if (member.refusal !== null) {
          throw member.refusal;
        }
        await this.#container.extract(member, path);
      } catch (error) {
        if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
          throw error;
        }
        return await this.#refuse(member, error);
      }
      const facts = { ...(await examineFile(path)), name: member.name, container: this.#place(member) };
      const { below = this.#facts.name, ...place } = this.#options;
      const target = memberTarget(member, { ...place, below }, this.#context.catalogue);
      return await loadExamined(this.#context, facts, { ...this.#options, ...target });
    } finally {
      await spool.clear();
    }
  }

  async #refuse(member: Member, error: GatewayError): ReturnType<typeof loadExamined> {
    const file = await this.#packed(member);
    const loadId = await noteFile(this.#context.database, file, this.#outcome(member, 'refused', error));
    return { state: 'refused', path: file.path, loadId, error, source: this.#sourceOf(member), export: null };
  }

  /** What the ledger has of a member that was not unpacked: its packed bytes tell it from others. */
  async #packed(member: Member): Promise<Parameters<typeof noteFile>[1]> {
    const { name, modifiedAt, packedBytes: bytes } = member;
    const sha256 = await this.#container.digestPacked(member).catch(() => this.#facts.sha256);
    return { name, modifiedAt, bytes, sha256, path: this.#facts.path, container: this.#place(member) };
  }

  #outcome(member: Member, state: 'refused' | 'failed', error: GatewayError): FileOutcome {
    const { code } = error;
    const message = `${code}: ${operatorMessage(error)}`;
    return { state, code, target: null, source: this.#sourceOf(member), message, below: this.#below(member) };
  }

  #place({ path: member }: Member): InContainer {
    const { path, sha256, bytes } = this.#facts;
    return { path, sha256, bytes, member };
  }

  #source = (): string | null => saidSource(this.#context.catalogue, this.#options);

  #sourceOf(member: Member): string | null {
    const { below = this.#facts.name, ...place } = this.#options;
    const { catalogue } = this.#context;
    return saidSource(catalogue, memberTarget(member, { ...place, below }, catalogue));
  }

  #below = ({ path }: Member): string => `${this.#options.below ?? this.#facts.name}/${path}`;

  async #settled(taken: readonly MemberResult[], leftAlone: readonly string[]): Promise<TakenContainer> {
    const { path, name } = this.#facts;
    const { database } = this.#context;
    const below = this.#options.below ?? name;
    const error = this.#errorOf(taken, leftAlone);
    const source = this.#source();
    const alone = leftAlone.length === 0 ? '' : `; left alone: ${listed(leftAlone)}`;
    if (error === null) {
      const message = `${summaryOf(taken)}${alone}`;
      const loadId = await noteFile(database, this.#facts, { state: 'unpacked', target: null, source, message, below });
      return { state: 'unpacked', path, loadId, source, members: taken, message };
    }
    const { code } = error;
    const message = `${code}: ${error.message}${alone}`;
    const outcome = { state: 'refused', code, target: null, source, message, below } as const;
    const loadId = await noteFile(database, this.#facts, outcome);
    return { state: 'refused', path, loadId, error, source, export: null, members: taken };
  }

  /** null: every member is in. */
  #errorOf(taken: readonly MemberResult[], leftAlone: readonly string[]): GatewayError | null {
    const { name } = this.#facts;
    const refused = taken.flatMap((one) => ('error' in one ? [one] : []));
    const [first] = refused;
    if (taken.length === 0) {
      const why = leftAlone.length === 0 ? 'it has no members' : `it has only ${listed(leftAlone)}`;
      return new GatewayError('FileEmpty', `${name} holds no file to load: ${why}`, { target: name });
    }
    if (first === undefined) {
      return null;
    }
    if (this.#container.kind === 'gzip') {
      return first.error;
    }
    const details = refused.map(({ path, error }) => {
      return `${path.slice(this.#facts.path.length + 1)}: ${error.code}: ${operatorMessage(error)} ${error.remedy}`;
    });
    const kept = taken.length - refused.length;
    const rest = kept === 0 ? '' : `; the other ${kept} are loaded or known`;
    return new GatewayError(
      'MembersRefused',
      `${refused.length} of ${taken.length} members of ${name} are refused${rest}`,
      { target: name, details },
    );
  }
}

function summaryOf(taken: readonly MemberResult[]): string {
  const loaded = taken.filter(({ state }) => state === 'loaded').length;
  const known = taken.length - loaded;
  const members = taken.length === 1 ? '1 member' : `${taken.length} members`;
  return `${members}: ${[...(loaded > 0 ? [`${loaded} loaded`] : []), ...(known > 0 ? [`${known} known`] : [])].join(', ')}`;
}

const listed = (paths: readonly string[]): string =>
  [...paths.slice(0, 10), ...(paths.length > 10 ? [`and ${paths.length - 10} more`] : [])].join(', ');
