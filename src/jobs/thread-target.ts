import { ThreadClient } from '../copy/thread-client.js';
import { threadData } from '../copy/session.js';
import type { TargetClient } from '../target/connection/client.js';
import { connectTarget, withFrozenView } from '../target/connection/connect.js';
import { withReading } from '../target/copy/result.js';

/*
 * The connections with which this thread reads the target, kept from one job to the next. With new ones for each side of
 * each table, most round trips of a comparison of many small tables went into setting them up.
 */

const { frozenAs, ...asItIs } = threadData.address;
const { applicationName } = threadData;

const rows = new ThreadClient(() => connectTarget(asItIs, { applicationName }));
const types = new ThreadClient(() => connectTarget(asItIs, { applicationName }));
const statements = new ThreadClient(() => {
  const settings = { default_transaction_read_only: 'on', statement_timeout: String(threadData.stallTimeoutMs) };
  return connectTarget(asItIs, { applicationName, settings });
});

/** Lends the connection that reads rows. Where the target is seen as of one moment, each job sees it so. */
export async function withRowsOfTarget<T>(use: (client: TargetClient) => Promise<T>): Promise<T> {
  return await rows.lend((client) => withFrozenView(client, frozenAs, () => use(client)));
}

/**
 * Lends the connection on which PostgreSQL reads and prints values. It is used while the other one is in the midst of a
 * COPY, and it is in no transaction, since a refused value would abort it.
 */
export async function withTypesOfTarget<T>(use: (client: TargetClient) => Promise<T>): Promise<T> {
  return await types.lend(use);
}

/** Lends a connection in one read-only transaction of one moment, for statements that may be the operator's own. */
export async function withStatementsOfTarget<T>(use: (client: TargetClient) => Promise<T>): Promise<T> {
  return await statements.lend((client) => withReading(client, threadData.address, () => use(client)));
}
