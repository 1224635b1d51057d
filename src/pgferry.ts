import { checkRules } from './commands/config-file.js';
import { Journal } from './commands/journal.js';
import type { CommandName } from './commands/option-table.js';
import { runAccept } from './commands/accept.js';
import { runPlan } from './commands/plan.js';
import { runMigrate } from './commands/run.js';
import { readSettings, type Settings } from './commands/settings.js';
import { runShadow } from './commands/shadow.js';
import { runVerify } from './commands/verify.js';
import type { AcceptResult, Plan, RunEvent, RunResult, ShadowResult } from './model.js';
import { toolVersion } from './version.js';

// The package has this one entry, so what its functions take, give and throw can be named from here alone.
export { CopierError } from './errors.js';
export type {
  AcceptResult,
  Difference,
  Finding,
  KeysetReport,
  OwnRead,
  Plan,
  Policies,
  Policy,
  Progress,
  RunEvent,
  RunResult,
  ShadowReport,
  ShadowResult,
  TablePlan,
  TableReport,
  TableRules,
} from './model.js';

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
