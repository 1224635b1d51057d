import assert from 'node:assert/strict';
import pg from 'pg';
import type { Ended, startCommand } from './command.js';
import { untilWhile } from './runs.js';

/* Another session of the target, called "nightly report", that holds a lock for which a command comes to wait. */

/** Holds what the statements lock while `use` works, which gets the holder's process id on the server. */
export async function whileLocked(
  url: string,
  statements: readonly string[],
  use: (holder: number) => Promise<void>,
): Promise<void> {
  const other = new pg.Client({ connectionString: url, application_name: 'nightly report' });
  await other.connect();
  try {
    await other.query('BEGIN');
    for (const statement of statements) await other.query(statement);
    const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await use(rows[0]?.pid ?? 0);
  } finally {
    await other.end();
  }
}

/** How a message names that session: who it is, and since when it does what. */
export function namesHolder(pid: number): RegExp {
  const since = '[\\d:]+Z';
  return new RegExp(
    `held by pid ${pid} \\(nightly report of \\w+, idle in transaction since ${since}, its transaction began ${since}, its statement ${since}\\)`,
  );
}

const limitMs = 300_000;

/** Ends what has not ended by itself after minutes, so that a wait without end fails instead of hanging. */
export async function endedInTime(started: ReturnType<typeof startCommand>): Promise<Ended> {
  const timer = setTimeout(() => started.child.kill('SIGKILL'), limitMs);
  try {
    const ended = await started.ended;
    assert.equal(ended.signal, null, `ended by ${ended.signal}\n${ended.stderr}`);
    return ended;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a session of the command waits for a lock. */
export async function untilItWaits(
  client: pg.Client,
  started: ReturnType<typeof startCommand>,
  name: string,
): Promise<void> {
  await untilWhile(started, `${name} waits for a lock`, async () => {
    const { rows } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1 AND wait_event_type = 'Lock'`,
      [`pgferry ${name}%`],
    );
    return rows.length > 0;
  });
}
