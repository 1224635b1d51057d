import { CopierError } from '../../model/error.js';
import type { TargetClient } from './client.js';

/**
 * Runs `use` in one transaction: COMMIT at its end, ROLLBACK on its error, and that error is the one thrown. Inside
 * another transaction it becomes a savepoint of that one, which alone commits.
 */
export async function withTransaction<T>(client: TargetClient, use: (client: TargetClient) => Promise<T>): Promise<T> {
  const isInner = client.isInTransaction;
  await client.run(isInner ? 'SAVEPOINT pgferry' : 'BEGIN');
  let result: T;
  try {
    result = await use(client);
  } catch (error) {
    // A failing ROLLBACK means that the connection is gone, and the transaction with it: the first error says more.
    await client.run(isInner ? 'ROLLBACK TO pgferry' : 'ROLLBACK').catch(() => undefined);
    throw error;
  }
  const { command } = await client.run(isInner ? 'RELEASE pgferry' : 'COMMIT');
  // COMMIT of a transaction that had an error returns ROLLBACK and no error.
  if (command !== 'ROLLBACK') return result;
  throw new CopierError('target.not_committed', 'postgres rolled the transaction back instead of committing it', {
    hint: 'an earlier statement of the transaction failed; see the log of the server',
  });
}
