import { setTimeout as wait } from 'node:timers/promises';
import { interruption } from '../lib/interruption.js';
import { withTimeLimit } from '../lib/time-limit.js';
import { quoteShell } from '../lib/shell-word.js';
import { maskSecrets } from '../lib/mask-secrets.js';
import type { HealthRule } from '../model/application/rules.js';
import { CopierError } from '../model/error.js';
import { holdersOf } from '../platform/open-files.js';
import { withinMsOf } from './programs.js';

const standardMs = 60_000;
const pauseMs = 500;
const bodyCharsMax = 4 * 1024 * 1024;

/** What is looked at beside addresses. */
export interface Seen {
  /** Whether a session of this name is connected to PostgreSQL. */
  readonly isConnected: (session: string) => Promise<boolean>;
  readonly sqlitePath: string;
}

/** Asks until the answer is as wanted. Error: `cutover.health`, with what was answered last. */
export async function checkHealth(rule: HealthRule, signal: AbortSignal, seen: Seen): Promise<void> {
  const untilMs = performance.now() + withinMsOf(rule.within, standardMs);
  for (;;) {
    if (signal.aborted) throw interruption(signal);
    const leftMs = Math.max(1, Math.ceil(untilMs - performance.now()));
    const problem = await withTimeLimit(signal, leftMs, (limited) => ask(rule, limited, seen));
    if (problem === null) return;
    if (signal.aborted) throw interruption(signal);
    if (performance.now() + pauseMs >= untilMs) throw unhealthy(rule, problem, seen);
    await wait(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function ask(
  { url, session, sqlite, status = 200, contains }: HealthRule,
  signal: AbortSignal,
  seen: Seen,
): Promise<string | null> {
  if (sqlite !== undefined) return describeHolders(seen.sqlitePath);
  if (session !== undefined)
    return (await seen.isConnected(session)) ? null : 'no session of it is connected to PostgreSQL';
  if (url === undefined) return null;
  try {
    const answer = await fetch(url, { signal, redirect: 'manual' });
    const body = (await answer.text()).slice(0, bodyCharsMax);
    if (answer.status !== status) return `it answers ${answer.status}, not ${status}`;
    if (contains !== undefined && !body.includes(contains)) return 'its answer does not contain what it should';
    return null;
  } catch (error) {
    const { cause, message } = error as Error;
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    return `it does not answer (${why})`;
  }
}

/** Which processes have the SQLite file open, one that was restarted on it included; null where none has. */
function describeHolders(path: string): string | null {
  const holders = holdersOf([path, `${path}-wal`, `${path}-shm`]);
  if (holders === null) return 'this system does not tell which processes have it open: leave the check out';
  if (holders.length === 0) return null;
  return `still open in ${holders.map(({ pid, program }) => `process ${pid} (${program})`).join(', ')}`;
}

function unhealthy({ url, session, sqlite, within }: HealthRule, problem: string, { sqlitePath }: Seen): CopierError {
  const shown = maskSecrets(url ?? session ?? sqlitePath);
  const look =
    sqlite !== undefined
      ? `fuser -v ${quoteShell(sqlitePath)}`
      : session === undefined
        ? `curl -i '${shown}'`
        : 'SELECT usename, application_name FROM pg_stat_activity';
  return new CopierError('cutover.health', `${shown}: ${problem}, for ${withinMsOf(within, standardMs) / 1000} s`, {
    hint: `see the log of the application, and: ${look}`,
  });
}
