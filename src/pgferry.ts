import { runAccept } from './commands/acceptance/accept.js';
import { runFleet } from './commands/fleet/fleet.js';
import { runFollow } from './commands/follow.js';
import { runRepair } from './commands/repair.js';
import { runShadow } from './commands/acceptance/shadow.js';
import { runCensus } from './commands/census.js';
import { runCutover } from './commands/cutover/cutover.js';
import { confirmation } from './commands/cutover/preflight.js';
import { runRelease } from './commands/cutover/release.js';
import { runSettle } from './commands/cutover/way-back/settle.js';
import { runRollback } from './commands/cutover/rollback.js';
import { runDoctor } from './commands/doctor/doctor.js';
import { runInit } from './commands/init.js';
import { runCopy, runMigrate } from './commands/migrate.js';
import { runPlan } from './commands/plan.js';
import { runQuarantine } from './commands/quarantine.js';
import type { QuarantineResult } from './model/quarantine.js';
import { runStatus } from './commands/status.js';
import { runVerify } from './commands/verify.js';
import { contextOf } from './library/call.js';
import type {
  AcceptOptions,
  CensusOptions,
  CopyOptions,
  CutoverOptions,
  DoctorOptions,
  FleetOptions,
  FollowOptions,
  InitOptions,
  MigrateOptions,
  PlanOptions,
  QuarantineOptions,
  ReleaseOptions,
  RepairOptions,
  RollbackOptions,
  SettleOptions,
  ShadowOptions,
  StatusOptions,
  VerifyOptions,
} from './library/options.js';
import type { DoctorResult } from './model/doctor.js';
import type { FullCensus } from './model/census.js';
import { CopierError } from './model/error.js';
import type { FleetResult } from './model/fleet/fleet.js';
import type { FollowResult, RepairResult } from './model/follow.js';
import type { Plan } from './model/plan.js';
import type { RunResult } from './model/result.js';
import type { AcceptResult, ShadowResult } from './model/shadow.js';
import type { CutoverResult } from './model/cutover.js';
import type { RunStatus } from './model/status.js';
import type { MadeSchema } from './model/schema.js';

// The package has this one entry, so what its functions take, give and throw can be named from here alone.
export type { FullCensus } from './model/census.js';
export type * from './library/options.js';
export type { ColumnRules, HabitRules, Policies, Policy, TableRules } from './library/rules.js';
export type { Check, DoctorResult } from './model/doctor.js';
export type { CutoverResult } from './model/cutover.js';
export { CopierError } from './model/error.js';
export type { Progress, RunEvent } from './model/event.js';
export type { FleetAction, FleetFile, FleetReason, FleetResult, FleetVersion } from './model/fleet/fleet.js';
export type { FollowResult, RepairResult, RoundChange, RoundReport } from './model/follow.js';
export type { Finding, Plan, TablePlan } from './model/plan.js';
export type { QuarantineResult } from './model/quarantine.js';
export type { Difference, RunResult, TableReport } from './model/result.js';
export type { MadeSchema } from './model/schema.js';
export type { AcceptResult, KeysetReport, OwnRead, ShadowReport, ShadowResult } from './model/shadow.js';
export type { CutoverStatus, RunStatus } from './model/status.js';

/*
 * The library: the commands as typed functions. Nothing is printed, and nothing is read from the environment but
 * PGPASSWORD and PGPASSFILE where the url has no password. They throw `CopierError`, whose `code` and `exitCode` are the
 * command's own.
 */

/** A program that sets `resetSchema` has decided; the command asks, since a flag may be there by mistake. */
const agreed = { yes: true };

/** Sorts every value of the source into its class, column by column. No target is needed. */
export async function census(options: CensusOptions): Promise<FullCensus> {
  return await runCensus(await contextOf('census', options));
}

/** Makes the target schema, from .sql files or from the SQLite schema. Findings of severity `error` refuse it. */
export async function init(options: InitOptions): Promise<MadeSchema> {
  return await runInit(await contextOf('init', options, agreed));
}

/** What migrate would do, and why; nothing is written. Findings of severity `error` are reasons to refuse. */
export async function plan(options: PlanOptions): Promise<Plan> {
  const { plan: decided } = await runPlan(await contextOf('plan', options));
  return decided;
}

/** Snapshot, copy and proof into a schema that is there. `ok` is false where the two sides differ. */
export async function copy(options: CopyOptions): Promise<RunResult> {
  return await runCopy(await contextOf('copy', options));
}

/** Snapshot, schema, copy and proof in one pass. `ok` is false where the two sides differ. */
export async function migrate(options: MigrateOptions): Promise<RunResult> {
  return await runMigrate(await contextOf('migrate', options, agreed));
}

/** Brings what changed in the source since the load, or the last round; `signal` ends it at the edge of a round. */
export async function follow(options: FollowOptions): Promise<FollowResult> {
  return await runFollow(await contextOf('follow', options));
}

/** Carries over again what differs on the target from what the load and the rounds left there. */
export async function repair(options: RepairOptions): Promise<RepairResult> {
  return await runRepair(await contextOf('repair', options));
}

/** Compares every value of both sides as they are now. */
export async function verify(options: VerifyOptions): Promise<RunResult> {
  return await runVerify(await contextOf('verify', options));
}

/** Runs the same reads on both sides and compares the results. */
export async function shadow(options: ShadowOptions): Promise<ShadowResult> {
  return await runShadow(await contextOf('shadow', options));
}

/** The proof to keep: values, keys, schema and reads of both sides, with artefacts by which anyone can audit them. */
export async function accept(options: AcceptOptions): Promise<AcceptResult> {
  return await runAccept(await contextOf('accept', options));
}

/** Lists the rows that could not arrive or were converted, or brings in what fits now. */
export async function quarantine({ action, ...options }: QuarantineOptions): Promise<QuarantineResult> {
  return await runQuarantine(await contextOf('quarantine', options), action);
}

/**
 * Moves many files into one target. `ok` is false where a file was refused, failed or differs; which, and why, is said
 * file by file.
 */
export async function fleet({ action, ...options }: FleetOptions): Promise<FleetResult> {
  return await runFleet(await contextOf('fleet', options), action);
}

/** Everything that a run needs, looked at one by one; writes nothing, and throws nothing that it can tell. */
export async function doctor(options: DoctorOptions): Promise<DoctorResult> {
  return await runDoctor(await contextOf('doctor', options));
}

/** The state of the last run and the last cutover, from the ledger in the target. */
export async function status(options: StatusOptions): Promise<RunStatus> {
  return await runStatus(await contextOf('status', options));
}

/**
 * Switches the application to PostgreSQL: fences writers, migrates, accepts, switches; taken back where a step fails.
 * With `dryRun` it is only rehearsed, and the downtime predicted.
 */
export async function cutover(options: CutoverOptions): Promise<CutoverResult> {
  // The command asks for a phrase, since a word may be left out by mistake; here the same word must be said.
  if (typeof options.dryRun !== 'boolean') {
    throw new CopierError('usage.empty_value', 'cutover() needs the option dryRun, which has no default', {
      hint: 'true rehearses the cutover, false switches the application',
    });
  }
  return await runCutover(
    await contextOf('cutover', options, options.dryRun ? {} : { confirm: confirmation, ...agreed }),
  );
}

/** Takes the application back to SQLite, to the snapshot of the cutover. */
export async function rollback(options: RollbackOptions): Promise<CutoverResult> {
  return await runRollback(await contextOf('rollback', options));
}

/** Lets the SQLite database that a cutover closed take writes again. */
export async function release(options: ReleaseOptions): Promise<CutoverResult> {
  return await runRelease(await contextOf('release', options));
}

/** Calls a cutover final: its reverse journal is removed. A rollback compares all rows then. */
export async function settleCutover(options: SettleOptions): Promise<CutoverResult> {
  return await runSettle(await contextOf('settle-cutover', options));
}
