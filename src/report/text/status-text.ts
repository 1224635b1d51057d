import type { CutoverStatus, FollowStatus, LastComparison, RunStatus } from '../../model/status.js';
import { countOf, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';

const nextStep = {
  copying: 'run the same command again to go on; finished chunks are not sent twice (--fresh begins anew instead)',
  finishing: 'run the same command again to go on with indexes and constraints (--fresh begins anew instead)',
  complete: '`pgferry follow` brings what the source has got since; `pgferry verify` compares every value at any time',
  failed:
    'the sides differed, in rows or in the schema: `pgferry verify` names where; once that is mended run the same command again, or begin anew with --fresh --truncate-target',
  abandoned: 'run `pgferry migrate` to begin anew',
} as const;

/** The status for a person: state, how far, what is missing, and what to do next. */
export function describeStatus(status: RunStatus): string {
  const run = describeRun(status);
  return status.cutover === null ? run : `${describeCutoverStatus(status.cutover)}\n${run}`;
}

function describeCutoverStatus(cutover: CutoverStatus): string {
  const { cutoverId, state, application, isClosed, envPath, steps, alarms, next, group } = cutover;
  const last = steps.at(-1);
  const said = envPath === null ? '' : ` (${sanitize(envPath)})`;
  return `${[
    `cutover ${cutoverId}: ${state.replace('_', ' ')}`,
    `  application  on ${application === 'sqlite' ? 'SQLite' : 'PostgreSQL'}${said}`,
    `  database     ${sanitize(cutover.sourcePath)}, ${isClosed ? 'closed to writers' : 'open to writers'}`,
    ...(last === undefined
      ? []
      : [`  last step    ${sanitize(last.step)}, ${last.state}, ${last.endedAt ?? last.begunAt}`]),
    ...group.map(
      ({ sourcePath, schema, isClosed: isShut }) =>
        `  together     ${sanitize(sourcePath)} → ${sanitize(schema)}, ${isShut ? 'closed to writers' : 'open to writers'}`,
    ),
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
  grownBytes,
  logBytes,
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
  const behind =
    isSourceChanged === true
      ? `\n  behind     ${sizesText(grownBytes, logBytes)}; \`pgferry follow --dry-run\` counts the rows`
      : '';
  const base = isSnapshotThere ? '' : '; its snapshot is not on this machine, where `pgferry follow` would need it';
  return `  shows      the source of ${showsSourceOf}, ${formatDuration(1000 * behindSeconds)} ago; the source ${since}${base}${behind}
  rounds     ${formatCount(rounds)}${last}`;
}

function sizesText(grownBytes: number | null, logBytes: number | null): string {
  const grown =
    grownBytes === null || grownBytes === 0
      ? 'the file is as large as it was'
      : `the file is ${formatBytes(Math.abs(grownBytes))} ${grownBytes < 0 ? 'smaller' : 'larger'}`;
  return logBytes === null || logBytes === 0 ? grown : `${grown}, with ${formatBytes(logBytes)} in its -wal`;
}

function comparedLine(compared: LastComparison | null): string[] {
  if (compared === null) return [];
  const { command, ok, differences, at, isOutdated } = compared;
  const found = ok ? 'both sides equal' : `${countOf(differences, 'difference')}`;
  return [`  compared   ${command} of ${at}: ${found}${isOutdated ? '; the target has changed since' : ''}`];
}

/** What to do, in words. A run that was complete may have been changed since; one that an application lived on is over. */
function adviceOf({ state, compared }: NonNullable<RunStatus['run']>, follow: FollowStatus | null): string {
  if (state === 'complete' && follow === null)
    return 'the application was switched to what this run loaded, so no round or repair goes on from it; `pgferry verify` compares every value at any time';
  if (state !== 'complete' || compared === null || compared.ok || compared.isOutdated) return nextStep[state];
  return `the sides differed at the last ${compared.command}: \`pgferry follow\` brings what the source has got since the load, \`pgferry repair\` what the target lost`;
}

function describeRun({ target, run, follow }: RunStatus): string {
  if (run === null) return `no run of pgferry is recorded in ${target}\n  → run \`pgferry migrate\`\n`;
  const missing = run.objectsMissing.map(
    ({ kind, table, name }) => `  missing    ${kind} ${sanitize(name)} of ${sanitize(table)}`,
  );
  const closed =
    run.tablesClosed === 0
      ? []
      : [
          `  closed     ${countOf(run.tablesClosed, 'table')} to other writers until ${run.state === 'complete' ? 'the switch, or `pgferry release`' : 'the run has ended'}`,
        ];
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
    ...comparedLine(run.compared),
    ...(run.waived.length === 0 ? [] : [`  waived     ${run.waived.map(sanitize).join(', ')}`]),
    ...(run.configured.length === 0 ? [] : [`  configured ${run.configured.join(', ')}`]),
    `  → ${adviceOf(run, follow)}`,
  ].join('\n')}\n`;
}
