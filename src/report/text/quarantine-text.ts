import type { ColumnLoss } from '../../model/copy.js';
import type { QuarantineGroup, QuarantinedRowReport } from '../../model/quarantine.js';
import { describeLoss } from './loss-text.js';
import { layOut, nameWidthMax } from './table.js';
import { countOf, formatCount, sanitize } from '../units.js';

/** What `quarantine list` and `quarantine retry` print for a person. */
export function describeQuarantine(result: {
  readonly action: 'list' | 'retry';
  readonly runId: string | null;
  readonly groups: readonly QuarantineGroup[];
  readonly losses: readonly ColumnLoss[];
  readonly rows: readonly QuarantinedRowReport[];
  readonly isComplete: boolean;
  readonly released: number;
  readonly ok: boolean;
}): string {
  const { groups, losses, rows, isComplete, runId } = result;
  if (runId === null) return 'no run of pgferry is recorded in the target\n';
  const held = groups.reduce((sum, group) => sum + (group.state === 'held' ? group.rows : 0), 0);
  const parts = [
    tableOf(groups),
    losses.flatMap(lossLine).join('\n'),
    rows.map(lineOf).join('\n'),
    isComplete ? '' : '  … there are more: --list-max',
    verdict(result, held),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function tableOf(groups: readonly QuarantineGroup[]): string {
  if (groups.length === 0) return '';
  return layOut(
    [
      { title: 'table', widthMax: nameWidthMax },
      { title: 'column', widthMax: nameWidthMax },
      { title: 'state' },
      { title: 'hazard' },
      { title: 'rule' },
      { title: 'rows', align: 'right' },
    ],
    groups.map(({ table, column, state, hazard, rule, rows }) => [
      sanitize(table),
      sanitize(column ?? ''),
      state,
      hazard,
      rule,
      formatCount(rows),
    ]),
  );
}

function lossLine(loss: ColumnLoss): string[] {
  const { table, column, cells, hazard, rule } = loss;
  const name = `${table}.${column}`;
  const [lost] = describeLoss(loss);
  return lost === undefined ? [] : [sanitize(`  ${name} (${hazard}: ${rule}): ${countOf(cells, 'value')}, ${lost}`)];
}

function lineOf({ table, key, column, reason, state }: QuarantinedRowReport): string {
  const subject = column === null ? table : `${table}.${column}`;
  return sanitize(`  ${subject} ${key} ${state}: ${reason}`);
}

function verdict({ action, runId, released, ok }: Parameters<typeof describeQuarantine>[0], held: number): string {
  const now = held === 0 ? 'no row is in quarantine' : `${countOf(held, 'row')} in quarantine`;
  if (action === 'list') return `run ${runId}: ${now}`;
  if (!ok) return `✗ the two sides differ after the retry; run ${runId}: ${now}`;
  return `✓ ${countOf(released, 'row')} came in; run ${runId}: ${now}`;
}
