import type { Catalogue } from '../../../catalogue/catalogue.ts';
import { GatewayError } from '../../../errors.ts';
import type { Container, Member } from '../../container/container.ts';
import { type Inspection, type InspectOptions, inspectFile } from '../../load/inspect-file.ts';
import { isPassedOver, memberTarget } from '../take/member-place.ts';
import { FolderSpool } from '../take/spool.ts';

/** What a load would make of a member. */
export type InspectedMember = { readonly member: Member } & (
  | { readonly found: Inspection }
  /** It cannot be taken, or, null, it is left alone. */
  | { readonly found: null; readonly refusal: GatewayError | null }
);

/** Inspects each member of a container, unpacked for that long. `below`: its path below its delivery. Throws FileUnreadable. */
export async function* inspectMembers(
  container: Container,
  catalogue: Catalogue,
  options: InspectOptions & { readonly below: string },
): AsyncGenerator<InspectedMember> {
  for (const member of container.members) {
    if (isPassedOver(member, catalogue)) {
      yield { member, found: null, refusal: null };
      continue;
    }
    const spool = new FolderSpool();
    try {
      yield await inspect(member, container, { catalogue, options, path: await spool.place() });
    } finally {
      await spool.clear();
    }
  }
}

async function inspect(
  member: Member,
  container: Container,
  {
    catalogue,
    options,
    path,
  }: {
    readonly catalogue: Catalogue;
    readonly options: InspectOptions & { readonly below: string };
    readonly path: string;
  },
): Promise<InspectedMember> {
  try {
    if (member.refusal !== null) {
      throw member.refusal;
    }
    await container.extract(member, path);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
      throw error;
    }
    return { member, found: null, refusal: error };
  }
  const { source, directory } = memberTarget(member, options, catalogue);
  const place = { ...(source === undefined ? {} : { source }), ...(directory === undefined ? {} : { directory }) };
  return { member, found: await inspectFile(path, catalogue, { ...options, ...place, name: member.name }) };
}
