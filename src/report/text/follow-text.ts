import type { FollowResult, RepairResult, RoundChange, RoundReport } from '../../model/follow.js';
import type { TableReport } from '../../model/result.js';
import { countOf, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';
import { describeFindings } from './findings-text.js';
import { describeDifference } from './summary.js';
import { layOut, nameWidthMax } from './table.js';

/** What follow prints for a person: the rounds, what the last of them with a change changed, and the verdict. */
export function describeFollow(result: FollowResult, isWhole = false): string {
  const changed = result.rounds.filter(({ changes }) => changes.length > 0).at(-1);
  const parts = [
    roundsOf(result.rounds),
    changed === undefined ? '' : changesOf(changed.changes),
    result.differences.map((difference) => `  ${describeDifference(difference)}`).join('\n'),
    describeFindings(result.findings, isWhole),
    followVerdict(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** What repair prints for a person. */
export function describeRepair(result: RepairResult, isWhole = false): string {
  const parts = [
    result.differences.map((difference) => `  ${describeDifference(difference)}`).join('\n'),
    changesOf(result.changes),
    describeFindings(result.findings, isWhole),
    repairVerdict(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function roundsOf(rounds: readonly RoundReport[]): string {
  return layOut(
    [
      { title: 'round', align: 'right' },
      { title: 'shows the source of' },
      { title: 'pages changed', align: 'right' },
      { title: 'rows', align: 'right' },
      { title: 'sent', align: 'right' },
      { title: 'snapshot', align: 'right' },
      { title: 'compare', align: 'right' },
      { title: 'apply', align: 'right' },
    ],
    rounds.map((round) => [
      formatCount(round.number),
      round.snapshotTakenAt,
      `${formatCount(round.pagesChanged)} of ${formatCount(round.pages)}`,
      formatCount(round.rows),
      formatBytes(round.bytes),
      formatDuration(round.snapshotMs),
      formatDuration(round.compareMs),
      formatDuration(round.applyMs),
    ]),
  );
}

function changesOf(changes: readonly RoundChange[]): string {
  if (changes.length === 0) return '';
  const isQuarantined = changes.some(({ quarantined, released }) => quarantined > 0 || released > 0);
  return layOut(
    [
      { title: 'table', widthMax: nameWidthMax },
      { title: 'deleted', align: 'right' },
      { title: 'updated', align: 'right' },
      { title: 'inserted', align: 'right' },
      ...(isQuarantined
        ? [{ title: 'into quarantine', align: 'right' } as const, { title: 'out of it', align: 'right' } as const]
        : []),
      { title: 'found by' },
    ],
    changes.map((change) => [
      change.table,
      formatCount(change.deleted),
      formatCount(change.updated),
      formatCount(change.inserted),
      ...(isQuarantined ? [formatCount(change.quarantined), formatCount(change.released)] : []),
      sanitize(change.way),
    ]),
  );
}

function followVerdict({ ok, isRehearsal, isQuiet, rounds, tables, target, durationMs }: FollowResult): string {
  const last = rounds.at(-1);
  const took = `after ${formatDuration(durationMs)}`;
  if (isRehearsal) return `rehearsed: the round was taken back, ${sanitize(target)} is as it was, ${took}`;
  const proof = describeProof(tables);
  if (!ok) return `DIFFERS: ${proof}; \`pgferry repair\` carries over again what differs`;
  const quiet = isQuiet ? 'nothing had changed in the last round; ' : '';
  return `ok: ${quiet}${sanitize(target)} shows the source of ${last?.snapshotTakenAt ?? ''}, ${proof}, ${took}`;
}

function describeProof(tables: readonly TableReport[]): string {
  if (tables.length === 0) return 'no table had to be proven anew';
  const wrong = tables.filter(({ ok }) => !ok).map(({ table }) => sanitize(table));
  if (wrong.length > 0) return `${wrong.join(', ')} on the target is not what the load and the rounds brought`;
  return `${countOf(tables.length, 'changed table')} proven as a whole`;
}

function repairVerdict({ ok, changes, tables, snapshotTakenAt, durationMs }: RepairResult): string {
  const took = `after ${formatDuration(durationMs)}`;
  if (!ok) {
    const wrong = tables.filter((table) => !table.ok).map(({ table }) => sanitize(table));
    return `STILL DIFFERS: ${wrong.join(', ')}; ${took}`;
  }
  const rows = changes.reduce((sum, { deleted, updated, inserted }) => sum + deleted + updated + inserted, 0);
  const what =
    changes.length === 0
      ? 'nothing differed'
      : `${countOf(rows, 'row')} in ${countOf(changes.length, 'table')} carried over again`;
  return `ok: ${what}; the target shows the source of ${snapshotTakenAt}, ${took}`;
}
