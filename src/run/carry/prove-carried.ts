import type { CarryJob, TableToCarry } from '../../jobs/carry/carry-job.js';
import { CopierError } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import { compareTable } from '../compare/compare-table.js';
import { type Carrying, sourceTable } from './carrying.js';
import { differingTable, notedTable } from './differing-tables.js';

/**
 * The copy against the target, value by value, in every table that changed. Of a table with a journal the rows that it names;
 * of one that was compared by ranges of keys those that differed: the others were just found to be the same, and each statement
 * of the carry changes one row of these.
 */
export async function prove(carrying: Carrying, found: readonly TableToCarry[]): Promise<void> {
  const { request, threads, catalog, planned, quarantines, sums } = carrying;
  const { copyPath } = request;
  await Promise.all(
    planned.map(async (plan) => {
      const quarantine = quarantines.get(plan.source) ?? null;
      const source = sourceTable(catalog, plan);
      const differing =
        notedTable(carrying, plan, source) ??
        found.find(({ table, ranges }) => table.source === plan.source && ranges !== null) ??
        (await differingTable(carrying, {
          plan,
          source,
          snapshotPath: copyPath,
          quarantine,
          ranges: sums.get(plan.source)?.ranges ?? null,
        }));
      if (differing === null) return;
      // Sums cannot tell a row in quarantine that was carried from one that was not; its rows can.
      const job: CarryJob = {
        snapshotPath: copyPath,
        copyPath: null,
        tables: [{ ...differing, empty: [] }],
        sequences: [],
        foreignKeys: [],
      };
      const { tables } = await carrying.meters.during(plan.source, () => threads.run('carry', job));
      if (tables.every(({ inserted, updated, deleted }) => inserted + updated + deleted === 0)) return;
      const options = { threads, snapshotPath: copyPath, quarantine, differencesMax: 1 };
      throw unproven(plan, await compareTable(plan, options));
    }),
  );
}

function unproven({ source }: TablePlan, { differences }: Awaited<ReturnType<typeof compareTable>>): CopierError {
  const [first] = differences;
  const where =
    first === undefined ? '' : `, first at ${first.key}${first.column === null ? '' : ` in ${first.column}`}`;
  return new CopierError(
    'rollback.unproven',
    `${source}: the rows that were brought back differ from PostgreSQL${where}`,
    {
      table: source,
      column: first?.column ?? null,
      key: first?.key ?? null,
      hint: 'the application stays on PostgreSQL; keep the folder of the rollback and report it. --target-writes discard goes back without these writes, and saves them to a file',
    },
  );
}
