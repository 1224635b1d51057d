import { checkRules } from './cli/config-file.js';
import { Journal } from './run/journal.js';
import type { CommandName } from './model/settings.js';
import { runAccept } from './commands/acceptance/accept.js';
import { runPlan } from './commands/plan.js';
import { runMigrate } from './commands/migrate.js';
import { readSettings } from './cli/settings.js';
import type { Settings } from './model/settings.js';
import { runShadow } from './commands/acceptance/shadow.js';
import { runVerify } from './commands/verify.js';
import type { RunEvent } from './model/event.js';
import type { Plan } from './model/plan.js';
import type { RunResult } from './model/result.js';
import type { AcceptResult, ShadowResult } from './model/shadow.js';
import { toolVersion } from './cli/version.js';

// The package has this one entry, so what its functions take, give and throw can be named from here alone.
export { CopierError } from './model/error.js';
export type { Progress, RunEvent } from './model/event.js';
export type { Finding, Plan, TablePlan } from './model/plan.js';
export type { Difference, RunResult, TableReport } from './model/result.js';
export type { Policies, Policy, TableRules } from './model/rules.js';
export type { AcceptResult, KeysetReport, OwnRead, ShadowReport, ShadowResult } from './model/shadow.js';

/**
 * The library: the same plan, migrate, verify, shadow and accept as the command, as typed functions. Nothing is printed, and nothing is
 * read from the environment but PGPASSWORD and PGPASSFILE where the url has no password. They throw `CopierError`, whose
 * `code` and `exitCode` are the command's own.
 */
export interface RunOptions extends Partial<Omit<Settings, 'json' | 'quiet'>> {
  /** Ends the run at the next edge of a chunk; the same call goes on with it later. */
  readonly signal?: AbortSignal;
  /** Phases, tables and progress as they happen. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** Snapshot, schema, copy and proof in one pass. `ok` is false where the two sides differ. */
export async function migrate(options: RunOptions): Promise<RunResult> {
  return await runMigrate(await contextOf('migrate', options));
}

/** What migrate would do, and why; nothing is written. Findings of severity `error` are reasons to refuse. */
export async function plan(options: RunOptions): Promise<Plan> {
  const { plan: decided } = await runPlan(await contextOf('plan', options));
  return decided;
}

/** Compares every value of both sides as they are now. */
export async function verify(options: RunOptions): Promise<RunResult> {
  return await runVerify(await contextOf('verify', options));
}

/** Runs the same reads on both sides and compares what they give. */
export async function shadow(options: RunOptions): Promise<ShadowResult> {
  return await runShadow(await contextOf('shadow', options));
}

/** The proof to keep: values, keys, schema and reads of both sides, with artefacts by which anyone can audit them. */
export async function accept(options: RunOptions): Promise<AcceptResult> {
  return await runAccept(await contextOf('accept', options));
}

async function contextOf(command: CommandName, options: RunOptions) {
  const { signal, onEvent, ...given } = options;
  const { policies, tableRules, search, shadowReads } = given;
  await checkRules({
    ...(policies && { policies }),
    ...(tableRules && { tableRules }),
    ...(search && { search }),
    ...(shadowReads && { shadowReads }),
  });
  const journal = new Journal();
  if (onEvent !== undefined) journal.listen(onEvent);
  const settings = readSettings({ command, flags: {}, env: {}, config: { ...given } });
  return { settings, journal, signal: signal ?? new AbortController().signal, toolVersion: toolVersion() };
}
