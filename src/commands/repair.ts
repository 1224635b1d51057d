import { dirname } from 'node:path';
import type { RepairJob } from '../jobs/follow/repair-job.js';
import type { RoundChange, RepairResult } from '../model/follow.js';
import type { TablePlan } from '../model/plan.js';
import { foldCase } from '../lib/fold-case.js';
import { CopierError } from '../model/error.js';
import { addUp } from '../pool/tally.js';
import { describeTarget } from '../target/connection/address.js';
import { outdateComparison } from '../target/ledger/comparison.js';
import { listChunks } from '../target/ledger/chunk.js';
import { type ComparedTable, compareTable, metersOf } from '../run/compare/compare-table.js';
import { findQuarantines } from '../run/compare/quarantined-rows.js';
import type { Context } from '../run/context.js';
import { type FollowSession, withFollowSession } from '../run/follow/follow-session.js';
import { layoutOf } from '../run/load/copy-chunks.js';
import { sequenceNeeds } from '../run/plan/schema-check.js';

/**
 * The repair command: the target is compared with the snapshot that it should show, value by value; the tables that differ
 * get the rows that differ over again, in one transaction; then they are compared anew.
 */
export async function runRepair(context: Context): Promise<RepairResult> {
  const startedAtMs = performance.now();
  return await withFollowSession(context, 'repair', async (session) => {
    const wanted = wantedTables(session);
    const before = await compare(session, wanted);
    const differing = wanted.filter((_, i) => before[i]?.report.ok === false);
    const changes = differing.length === 0 ? [] : await repair(session, differing);
    if (changes.length > 0) await outdateComparison(session.client, session.run.runId);
    const anew = differing.length === 0 ? [] : await compare(session, differing);
    const after = wanted.map((table, i) => anew[differing.indexOf(table)] ?? before[i]).filter(isThere);
    return {
      ok: after.every(({ report }) => report.ok),
      command: 'repair',
      runId: session.run.runId,
      runDir: dirname(session.run.snapshotPath),
      source: session.sourcePath,
      target: describeTarget(session.address),
      durationMs: Math.round(performance.now() - startedAtMs),
      snapshotTakenAt: session.base.snapshot.takenAt,
      changes,
      differences: before.flatMap(({ differences }) => differences),
      tables: after.map(({ report }) => report),
      findings: anew.flatMap(({ findings }) => findings),
    };
  });
}

function isThere(compared: ComparedTable | undefined): compared is ComparedTable {
  return compared !== undefined;
}

/** The tables of the run, or those of them that --tables names. */
function wantedTables({ plan, context }: FollowSession): readonly TablePlan[] {
  const { tables } = context.settings;
  if (tables.length === 0) return plan.tables;
  const unknown = tables.find((name) => plan.tables.every(({ source }) => foldCase(source) !== foldCase(name)));
  if (unknown !== undefined) {
    throw new CopierError(
      'plan.unknown_table',
      `--tables names ${JSON.stringify(unknown)}, which the run did not load`,
      {
        hint: 'name tables of the run; `pgferry plan` lists what there is',
      },
    );
  }
  return plan.tables.filter(({ source }) => tables.some((name) => foldCase(name) === foldCase(source)));
}

async function compare(session: FollowSession, tables: readonly TablePlan[]): Promise<ComparedTable[]> {
  const { context, client, address, plan, threads, base } = session;
  const { journal, settings } = context;
  const quarantines = await findQuarantines(client, address.schema, plan);
  const meters = metersOf(tables);
  const compareOne = async (table: TablePlan) => {
    const quarantine = quarantines.get(table.source) ?? null;
    const { differencesMax } = settings;
    const compared = await meters.during(table.source, (meter) =>
      compareTable(table, { threads, snapshotPath: base.snapshot.path, differencesMax, quarantine, meter }),
    );
    journal.emit({ tag: 'table-verified', table: table.source, isEqual: compared.report.ok });
    return compared;
  };
  return await journal.phase(
    'compare',
    () => Promise.all(tables.map(compareOne)),
    () => meters.progress('compare'),
  );
}

async function repair(session: FollowSession, tables: readonly TablePlan[]): Promise<readonly RoundChange[]> {
  const { context, client, run, plan, choices, base, catalog, threads, address } = session;
  const results = await listChunks(client, run.runId);
  const job: RepairJob = {
    runId: run.runId,
    number: base.rounds + 1,
    schema: address.schema,
    snapshotSha256: run.snapshotSha256,
    baseSha256: base.snapshot.sha256,
    snapshotPath: base.snapshot.path,
    tables: [...tables]
      .sort((a, b) => a.layer - b.layer)
      .map(({ chunks, ...table }) => ({
        table,
        layout: table.reader === 'pages' ? layoutOf(table.source, catalog) : null,
        expected: addUp(
          table.columns.map(({ target }) => target),
          results.filter((result) => result.table === table.source),
        ),
      })),
    mayHoldOrphans: session.mayHoldOrphans,
    sequences: sequenceNeeds(plan, catalog),
    sentinel: choices.nullSentinel,
    allowSentinel: choices.allowSentinel,
    blockBytes: context.settings.blockBytes,
  };
  return await context.journal.phase('copy', () => threads.run('repair', job));
}
