import { formatCount, sanitize } from './units.js';

/** Where the youngest run of a schema stands. */
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
    /** Indexes, constraints and triggers that were taken away and are not back yet. */
    readonly objectsMissing: readonly { readonly kind: string; readonly table: string; readonly name: string }[];
  } | null;
}

const nextStep = {
  copying: 'run the same command again to go on; finished chunks are not sent twice (--fresh begins anew instead)',
  finishing: 'run the same command again to go on with indexes and constraints (--fresh begins anew instead)',
  complete: 'nothing to do; `pgferry verify` compares every value at any time',
  failed: 'the sides differed: `pgferry verify` names the rows; run again with --fresh --truncate-target to begin anew',
  abandoned: 'run `pgferry migrate` to begin anew',
} as const;

/** The status for a person: state, how far, what is missing, and what to do next. */
export function describeStatus({ target, run }: RunStatus): string {
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
