import { type OwnCommand, ownLine } from '../../lib/own-command.js';
import { quoteShell } from '../../lib/shell-word.js';
import type { CutoverResult } from '../../model/cutover.js';
import { formatCount, formatDuration, sanitize } from '../units.js';
import { phaseTimeLines } from './phase-times.js';

/** The closing page of cutover, rollback and release, for a person. */
export function describeCutover(result: CutoverResult, own: OwnCommand): string {
  const {
    cutoverId,
    runDir,
    source,
    target,
    downtimeMs,
    rollbackEnvPath,
    replacedPath,
    savedWrites,
    carried,
    group,
    phases,
  } = result;
  const rows: readonly (readonly [string, string | null])[] = [
    [
      'writers',
      downtimeMs === null
        ? null
        : `${result.state === 'rehearsed' ? 'would wait' : 'waited'} ${formatDuration(downtimeMs)}`,
    ],
    ['source', source],
    ['target', target],
    ...group.map(({ source: file, schema }) => ['together', `${file} → schema ${schema}`] as const),
    ['replaced', group.length === 0 ? replacedPath : null],
    ...group.map(({ replacedPath: path }) => ['replaced', path] as const),
    ...(group.length === 0 ? savedWrites : group.flatMap((member) => member.savedWrites)).map(
      ({ table, rows: count, path }) => ['saved', `${count} rows of ${table} in ${path}`] as const,
    ),
    ...(group.length === 0 ? carried : group.flatMap((member) => member.carried)).map(
      ({ table, inserted, updated, deleted }) =>
        [
          result.state === 'rehearsed' ? 'would carry' : 'carried',
          `${table}: ${formatCount(inserted)} inserted, ${formatCount(updated)} updated, ${formatCount(deleted)} deleted`,
        ] as const,
    ),
    ['record', runDir],
    [
      'way back',
      rollbackEnvPath === null ? null : `source ${quoteShell(rollbackEnvPath)} && ${ownLine(own, 'rollback')}`,
    ],
  ];
  const lines = rows.flatMap(([title, value]) =>
    value === null ? [] : [`  ${title.padEnd(11)}${title.length > 10 ? ' ' : ''}${sanitize(value)}`],
  );
  return `${[`✓ ${headline(result.command, result.state, cutoverId)}`, ...lines, ...phaseTimeLines(phases)].join('\n')}\n`;
}

function headline(command: CutoverResult['command'], state: CutoverResult['state'], cutoverId: string | null): string {
  const name = cutoverId === null ? '' : ` (cutover ${cutoverId})`;
  if (state === 'rehearsed' && command === 'rollback') return `rehearsed: nothing was changed${name}`;
  if (state === 'rehearsed') return 'rehearsed: nothing was switched, and the rehearsal is removed again';
  if (command === 'settle-cutover') return `the move is final${name}`;
  if (state === 'switched') return `the application is on PostgreSQL${name}`;
  if (state === 'rolled_back') return `the application is on SQLite again${name}`;
  if (command === 'release') return `the SQLite database takes writes again${name}`;
  return `the application is where it was${name}`;
}
