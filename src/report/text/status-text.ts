import type { CutoverState, CutoverStep } from '../../model/cutover.js';
import { countOf, formatCount, formatDuration, sanitize } from '../units.js';

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
    /** How many tables and partitions refuse the writes of others until the run has ended. */
    readonly tablesClosed: number;
  } | null;
  /** How far the target is behind the source; null where no run is complete. */
  readonly follow: FollowStatus | null;
  /** The youngest cutover of the schema. */
  readonly cutover: CutoverStatus | null;
}

/** What the target shows, and how old that is. */
export interface FollowStatus {
  /** Rounds that were brought since the load. */
  readonly rounds: number;
  /** When the snapshot was taken that the target shows; ISO 8601, UTC. */
  readonly showsSourceOf: string;
  readonly behindSeconds: number;
  /** Whether the source was written since, by the times of its files; null where it is not on this machine. */
  readonly isSourceChanged: boolean | null;
  /** Rows that the last round changed, and how long it took on the target; null before the first. */
  readonly lastRows: number | null;
  readonly lastMs: number | null;
  readonly snapshotPath: string;
  /** Whether that snapshot, from which the next round goes on, is on this machine. */
  readonly isSnapshotThere: boolean;
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
  complete: '`pgferry follow` brings what the source has got since; `pgferry verify` compares every value at any time',
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

function describeFollow({
  rounds,
  showsSourceOf,
  behindSeconds,
  isSourceChanged,
  lastRows,
  lastMs,
  isSnapshotThere,
}: FollowStatus): string {
  const last =
    lastRows === null || lastMs === null
      ? ''
      : `, the last of ${countOf(lastRows, 'row')} in ${formatDuration(lastMs)}`;
  const since =
    isSourceChanged === null ? 'is not on this machine' : `was ${isSourceChanged ? '' : 'not '}written since`;
  const base = isSnapshotThere ? '' : '; its snapshot is not on this machine, where `pgferry follow` would need it';
  return `  shows      the source of ${showsSourceOf}, ${formatDuration(1000 * behindSeconds)} ago; the source ${since}${base}
  rounds     ${formatCount(rounds)}${last}`;
}

function describeRun({ target, run, follow }: RunStatus): string {
  if (run === null) return `no run of pgferry is recorded in ${target}\n  → run \`pgferry migrate\`\n`;
  const missing = run.objectsMissing.map(
    ({ kind, table, name }) => `  missing    ${kind} ${sanitize(name)} of ${sanitize(table)}`,
  );
  const closed =
    run.tablesClosed === 0
      ? []
      : [`  closed     ${countOf(run.tablesClosed, 'table')} to other writers until the run has ended`];
  return `${[
    `run ${run.runId}: ${run.state}`,
    `  rows       ${formatCount(run.rowsDone)} of ${formatCount(run.rowsTotal)} in ${formatCount(run.chunksDone)} of ${formatCount(run.chunksTotal)} chunks`,
    `  source     ${sanitize(run.sourcePath)}`,
    `  target     ${target}`,
    `  snapshot   ${sanitize(run.snapshotPath)} of ${run.snapshotTakenAt}`,
    `  started    ${run.startedAt} by pid ${run.pid} on ${sanitize(run.host)}, pgferry ${run.toolVersion}`,
    ...(run.finishedAt === null ? [`  last seen  ${run.updatedAt}`] : [`  finished   ${run.finishedAt}`]),
    ...(follow === null ? [] : [describeFollow(follow)]),
    ...missing,
    ...closed,
    `  → ${nextStep[run.state]}`,
  ].join('\n')}\n`;
}
