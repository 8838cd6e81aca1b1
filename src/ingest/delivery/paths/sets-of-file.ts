import type { Catalogue, Export } from '../../../catalogue/catalogue.ts';
import { GatewayError } from '../../../errors.ts';
import { openContainer } from '../../container/open-container.ts';
import { examineFile } from '../../csv/file-facts.ts';
import { setsTouched } from '../../derive/derived-sets.ts';
import { matchesRule } from '../../identify/identify-export.ts';
import { identifyFile } from '../../identify/identify-file.ts';
import type { IngestContext, LoadOptions } from '../../load/load-file.ts';
import { isPassedOver, memberTarget } from '../take/member-place.ts';
import type { PathFile } from './path-files.ts';

/**
 * The sets that loading a file may touch, derived ones too: of all exports that its name may be, else of the one that its header says; of a
 * container those of its members, as far as their names say it. Empty: it will be refused. null: nobody knows before it is unpacked.
 */
export async function setsOfFile(
  { catalogue, limits }: IngestContext,
  { path, place }: PathFile,
  options: Pick<LoadOptions, 'source' | 'export'>,
): Promise<ReadonlySet<string> | null> {
  const given = { ...place, ...options };
  try {
    const facts = await examineFile(path);
    const container = await openContainer(catalogue, facts, {
      directory: place.directory ?? '',
      ...(limits === undefined ? {} : { limits }),
    });
    if (container === null) {
      const named = exportsNamed(catalogue, given);
      return touchedBy(catalogue, named.length > 0 ? named : [(await identifyFile(catalogue, facts, given)).export]);
    }
    await container.close();
    const exports: Export[] = [];
    for (const member of container.members.filter((one) => !isPassedOver(one, catalogue))) {
      const named = exportsNamed(catalogue, { ...given, ...memberTarget(member, given, catalogue) });
      if (named.length === 0) {
        return null;
      }
      exports.push(...named);
    }
    return touchedBy(catalogue, exports);
  } catch (error) {
    if (error instanceof GatewayError) {
      return new Set();
    }
    throw error;
  }
}

function exportsNamed(
  catalogue: Catalogue,
  place: Pick<LoadOptions, 'source' | 'directory'> & { readonly below: string },
): readonly Export[] {
  const name = place.below.slice(place.below.lastIndexOf('/') + 1);
  return catalogue.exports.filter(
    (one) =>
      (place.source === undefined || one.source === place.source) && matchesRule(one, `${place.directory}/${name}`),
  );
}

const touchedBy = (catalogue: Catalogue, exports: readonly Export[]): ReadonlySet<string> =>
  new Set(exports.flatMap(({ set }) => setsTouched(catalogue, set)));
