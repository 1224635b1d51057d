import { chooseTables } from '../../plan/fit.js';
import { choiceOf } from '../choices.js';
import type { TargetAddress } from '../../model/target.js';
import { CountedThreads } from '../../pool/counted-threads.js';
import type { Context } from '../context.js';
import { withRunThreads } from '../load/copy-threads.js';
import { type Survey, surveySource } from './survey.js';
import type { UnprovenSnapshot } from './beside-proof.js';
import { withUnprovenSnapshot } from './temporary-snapshot.js';

/**
 * Surveys a private snapshot of the source that is removed afterwards. Nothing is written, and no target is reached, but by
 * a plan where keys are mapped to those of the target.
 */
export async function withTemporarySurvey<T>(
  context: Context,
  { address, name }: { readonly address: TargetAddress; readonly name: string },
  use: (survey: Survey) => Promise<T>,
): Promise<T> {
  const { settings, journal } = context;
  const surveyed = async ({ context: { signal }, path, catalog, proof }: UnprovenSnapshot) => {
    const request = { settings, address, applicationName: `pgferry ${name}`, signal };
    return await withRunThreads(request, async (threads) => {
      const counted = new CountedThreads(threads);
      const survey = await journal.phase(
        'census',
        () =>
          surveySource({
            snapshotPath: path,
            catalog,
            threads: counted,
            chunkBytes: settings.chunkBytes,
            isChosen: chooseTables(choiceOf(settings)),
            countsPages: settings.reader !== 'rows',
            isForPlan: name === 'plan',
          }),
        () => counted.progress('census', 'parts'),
      );
      await proof;
      return await use(survey);
    });
  };
  return await withUnprovenSnapshot(context, surveyed, { address: name === 'plan' ? address : null });
}
