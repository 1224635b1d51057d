import { ColumnCells } from '../../jobs/carry/column-cells.js';
import type { Kind } from '../../model/kind.js';
import type { Plan } from '../../model/plan.js';
import type { QuarantineGroup } from '../../model/quarantine.js';
import type { RunResult } from '../../model/result.js';
import { withSource } from '../../source/open.js';
import type { TargetClient } from '../../target/connection/client.js';
import { countQuarantine } from '../../target/ledger/quarantine.js';
import type { Settings } from '../../model/settings.js';
import type { Context } from '../context.js';
import { likesOf } from './cell-likes.js';
import { readPlan } from '../plan/stored-plan.js';

/** A value that some form of a column may have no cell for, and what it stands for. */
interface Probe {
  readonly printed: string;
  readonly what: string;
}

const noProbes: readonly Probe[] = [];

/** Kinds of which every value has a cell in every form that is known. */
const alwaysWritten: ReadonlySet<Kind['tag']> = new Set([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'text',
  'char',
  'enum',
  'json',
  'jsonb',
  'bytea',
]);

function probesOf(kind: Kind): readonly Probe[] {
  switch (kind.tag) {
    case 'timestamp':
    case 'timestamptz': {
      const zone = kind.tag === 'timestamptz' ? '+00' : '';
      return [
        { digits: 6, fraction: '.000001', what: 'moments finer than a millisecond' },
        { digits: 1, fraction: '.1', what: 'moments finer than a second' },
        { digits: 0, fraction: '', what: 'times of day' },
      ]
        .filter(({ digits }) => digits <= kind.precision)
        .map(({ fraction, what }) => ({ printed: `2001-02-03 04:05:06${fraction}${zone}`, what }));
    }
    case 'numeric':
      return kind.precision !== null && kind.precision <= 15
        ? noProbes
        : [{ printed: '1234567890123456.7', what: 'numbers of more than 15 digits' }];
    case 'literal':
      return kind.form?.tag === 'interval' ? [{ printed: '1 mon', what: 'intervals of months or days' }] : noProbes;
    default:
      return noProbes;
  }
}

/**
 * What a rollback could not bring back into columns of this snapshot, judged by the forms of their youngest values: one line for
 * each column, and one for each rule that changed values of it.
 */
export async function findWayBackLimits(
  snapshotPath: string,
  plan: Plan,
  { rules, converted }: { readonly rules: Settings['tableRules']; readonly converted: readonly QuarantineGroup[] },
): Promise<string[]> {
  return await withSource(snapshotPath, (db) =>
    plan.tables.flatMap((table) => {
      const cells = new ColumnCells(db, table, { looksFar: false, likes: likesOf(rules, table), empty: [] });
      return table.columns.flatMap(({ source, kind }, index) => {
        const changed = changedIn(converted, table.source, source);
        if (alwaysWritten.has(kind.tag) && changed.size === 0) return [];
        const name = `${table.source}.${source}`;
        const writer = cells.writerOf(index);
        if (writer.unwritable !== null)
          return [`${name}: any change, since ${whyUnwritable(likesOf(rules, table)[source])}`];
        const lost = writer.hasLearnt
          ? probesOf(kind).filter(({ printed }) => writer.write(printed) === undefined)
          : [];
        // The coarsest says all.
        const [worst] = lost.slice(-1);
        const held = `it holds ${writer.forms.join(', ')}`;
        return [
          ...(worst === undefined ? [] : [`${name}: ${worst.what} (${held})`]),
          ...[...changed].map(
            ([rule, rows]) =>
              `${name}: what the rule ${rule} changed (${rows} ${rows === 1 ? 'value' : 'values'}), once PostgreSQL writes there: the new value comes back without it (${held})`,
          ),
        ];
      });
    }),
  );
}

/** How many values of a column each rule changed. A row that is kept names all of its changed columns. */
function changedIn(converted: readonly QuarantineGroup[], table: string, name: string): Map<string, number> {
  const byRule = new Map<string, number>();
  for (const { table: of, column, rule, rows } of converted)
    if (of === table && (column === name || column?.split(', ').includes(name) === true))
      byRule.set(rule, (byRule.get(rule) ?? 0) + rows);
  return byRule;
}

function whyUnwritable(like: string | undefined): string {
  return like === undefined
    ? 'its values have a form of their own (rollbackLike in the config names one)'
    : `its rollbackLike, ${like}, is no value of it`;
}

const namedMax = 20;

/** Says before the switch what a rollback could not bring back. */
export async function warnOfWayBack(
  { journal, settings }: Context,
  client: TargetClient,
  { runId, snapshot }: Pick<RunResult, 'runId' | 'snapshot'>,
): Promise<void> {
  if (runId === null || snapshot === null) return;
  const plan = await readPlan(client, runId);
  const groups = await countQuarantine(client, runId);
  const converted = groups.filter(({ state }) => state === 'converted');
  const limits = await findWayBackLimits(snapshot.path, plan, { rules: settings.tableRules, converted });
  for (const limit of limits.slice(0, namedMax)) journal.warn(`a rollback could not bring back ${limit}`);
  if (limits.length > namedMax) journal.warn(`nor what ${limits.length - namedMax} columns more may get`);
}
