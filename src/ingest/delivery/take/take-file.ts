import { GatewayError } from '../../../errors.ts';
import { openContainer } from '../../container/open-container.ts';
import type { FileFacts } from '../../csv/file-facts.ts';
import { noteFile } from '../../ledger/ledger.ts';
import { type IngestContext, type LoadResult, loadExamined, saidSource } from '../../load/load-file.ts';
import type { TakenContainer } from '../ingest-result.ts';
import { ContainerIntake } from './take-container.ts';
import type { TakeOptions } from './take-options.ts';

/**
 * Takes in a file that was examined, or, where its bytes are a container, each of its members as a file of its own. Throws what `loadExamined` throws; of
 * a container what keeps a member waiting, once all others are taken.
 */
export async function takeFile(
  context: IngestContext,
  facts: FileFacts,
  options: TakeOptions = {},
): Promise<LoadResult | TakenContainer> {
  const { directory, below = facts.name } = options;
  let container: Awaited<ReturnType<typeof openContainer>>;
  try {
    const { limits } = context;
    container = await openContainer(context.catalogue, facts, {
      ...(directory === undefined ? {} : { directory }),
      ...(limits === undefined ? {} : { limits }),
    });
  } catch (error) {
    if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
      throw error;
    }
    const message = `${error.code}: ${error.message}`;
    const source = saidSource(context.catalogue, options);
    const outcome = { state: 'refused', code: error.code, target: null, source, message, below } as const;
    const loadId = await noteFile(context.database, facts, outcome);
    return { state: 'refused', path: facts.path, loadId, error, source, export: null };
  }
  if (container === null) {
    return loadExamined(context, facts, options);
  }
  try {
    return await new ContainerIntake(context, { facts, container, options }).take();
  } finally {
    await container.close();
  }
}
