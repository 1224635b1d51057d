import { chooseTables } from '../../plan/fit.js';
import { choiceOf } from '../choices.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import { CountedThreads } from '../../pool/counted-threads.js';
import type { Context } from '../context.js';
import { withRunThreads } from '../load/copy-threads.js';
import { type Survey, surveySource } from './survey.js';
import { withTemporarySnapshot } from './temporary-snapshot.js';

/**
 * Surveys a private snapshot of the source that is removed afterwards. Nothing is written, and no target is reached, but by
 * a plan where keys are mapped to those of the target.
 */
export async function withTemporarySurvey<T>(
  context: Context,
  { address, name }: { readonly address: TargetAddress; readonly name: string },
  use: (survey: Survey) => Promise<T>,
): Promise<T> {
  const { settings, journal, signal } = context;
  const surveyed = async ({ snapshot, catalog }: { readonly snapshot: Snapshot; readonly catalog: SourceCatalog }) => {
    const request = { settings, address, applicationName: `pgferry ${name}`, signal };
    return await withRunThreads(request, async (threads) => {
      const counted = new CountedThreads(threads);
      const survey = await journal.phase(
        'census',
        () =>
          surveySource({
            snapshotPath: snapshot.path,
            catalog,
            threads: counted,
            chunkBytes: settings.chunkBytes,
            isChosen: chooseTables(choiceOf(settings)),
            countsPages: settings.reader !== 'rows',
            isForPlan: name === 'plan',
          }),
        () => counted.progress('census', 'parts'),
      );
      return await use(survey);
    });
  };
  return await withTemporarySnapshot(context, surveyed, { address: name === 'plan' ? address : null });
}
