import type { CutoverState, CutoverStep } from '../../model/cutover.js';
import { formatCount, sanitize } from '../units.js';

/** The state of the youngest run of a schema. */
export interface RunStatus {
  readonly target: string;
  readonly run: {
    readonly runId: string;
    readonly state: 'copying' | 'finishing' | 'complete' | 'failed' | 'abandoned';
    readonly sourcePath: string;
    readonly snapshotPath: string;
    readonly snapshotSha256: string;
    readonly snapshotTakenAt: string;
    readonly startedAt: string;
    readonly updatedAt: string;
    readonly finishedAt: string | null;
    readonly host: string;
    readonly pid: number;
    readonly toolVersion: string;
    readonly chunksDone: number;
    readonly chunksTotal: number;
    readonly rowsDone: number;
    readonly rowsTotal: number;
    /** Indexes, constraints and triggers that were detached and are not restored yet. */
    readonly objectsMissing: readonly { readonly kind: string; readonly table: string; readonly name: string }[];
  } | null;
  /** The youngest cutover of the schema. */
  readonly cutover: CutoverStatus | null;
}

/** The state of a cutover: what the ledger says, and which database the application uses. */
export interface CutoverStatus {
  readonly cutoverId: string;
  readonly state: CutoverState;
  readonly application: 'sqlite' | 'postgres';
  /** Whether the old SQLite file refuses writes. */
  readonly isClosed: boolean;
  /** Whether no command is left to be run. */
  readonly isSettled: boolean;
  readonly attempt: number;
  readonly folder: string;
  readonly sourcePath: string;
  readonly envPath: string | null;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly host: string;
  readonly pid: number;
  readonly steps: readonly CutoverStep[];
  /** What does not fit to what was left: a closed database that was changed since, for instance. */
  readonly alarms: readonly string[];
  readonly next: string;
}

const nextStep = {
  copying: 'run the same command again to go on; finished chunks are not sent twice (--fresh begins anew instead)',
  finishing: 'run the same command again to go on with indexes and constraints (--fresh begins anew instead)',
  complete: 'nothing to do; `pgferry verify` compares every value at any time',
  failed: 'the sides differed: `pgferry verify` names the rows; run again with --fresh --truncate-target to begin anew',
  abandoned: 'run `pgferry migrate` to begin anew',
} as const;

/** The status for a person: state, how far, what is missing, and what to do next. */
export function describeStatus(status: RunStatus): string {
  const run = describeRun(status);
  return status.cutover === null ? run : `${describeCutoverStatus(status.cutover)}\n${run}`;
}

function describeCutoverStatus(cutover: CutoverStatus): string {
  const { cutoverId, state, application, isClosed, envPath, steps, alarms, next } = cutover;
  const last = steps.at(-1);
  const said = envPath === null ? '' : ` (${sanitize(envPath)})`;
  return `${[
    `cutover ${cutoverId}: ${state.replace('_', ' ')}`,
    `  application  on ${application === 'sqlite' ? 'SQLite' : 'PostgreSQL'}${said}`,
    `  database     ${sanitize(cutover.sourcePath)}, ${isClosed ? 'closed to writers' : 'open to writers'}`,
    ...(last === undefined
      ? []
      : [`  last step    ${sanitize(last.step)}, ${last.state}, ${last.endedAt ?? last.begunAt}`]),
    `  record       ${sanitize(cutover.folder)}`,
    `  started      ${cutover.startedAt} by pid ${cutover.pid} on ${sanitize(cutover.host)}, attempt ${cutover.attempt}`,
    ...alarms.map((alarm) => `! ${sanitize(alarm)}`),
    `  → ${next}`,
  ].join('\n')}\n`;
}

function describeRun({ target, run }: RunStatus): string {
  if (run === null) return `no run of pgferry is recorded in ${target}\n  → run \`pgferry migrate\`\n`;
  const missing = run.objectsMissing.map(
    ({ kind, table, name }) => `  missing    ${kind} ${sanitize(name)} of ${sanitize(table)}`,
  );
  return `${[
    `run ${run.runId}: ${run.state}`,
    `  rows       ${formatCount(run.rowsDone)} of ${formatCount(run.rowsTotal)} in ${formatCount(run.chunksDone)} of ${formatCount(run.chunksTotal)} chunks`,
    `  source     ${sanitize(run.sourcePath)}`,
    `  target     ${target}`,
    `  snapshot   ${sanitize(run.snapshotPath)} of ${run.snapshotTakenAt}`,
    `  started    ${run.startedAt} by pid ${run.pid} on ${sanitize(run.host)}, pgferry ${run.toolVersion}`,
    ...(run.finishedAt === null ? [`  last seen  ${run.updatedAt}`] : [`  finished   ${run.finishedAt}`]),
    ...missing,
    `  → ${nextStep[run.state]}`,
  ].join('\n')}\n`;
}
