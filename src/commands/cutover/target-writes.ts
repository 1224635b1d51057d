import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { toWire } from '../../model/error.js';
import type { CutoverFacts, TableDigest } from '../../model/cutover.js';
import type { TargetAddress } from '../../model/target.js';
import { leaveMatched } from '../../plan/rules/seeded.js';
import { countOf, formatCount } from '../../report/units.js';
import { saveChangedRows } from '../../target/fingerprint/changed-rows.js';
import type { TargetClient } from '../../target/connection/client.js';
import { copyTableShape, mayMakeScratch, withScratchSchema } from '../../target/schema/scratch.js';
import { splitUrl } from '../../target/connection/url.js';
import type { Context } from '../../run/context.js';
import { innerContext } from './cutover-session.js';
import { runCopy } from '../migrate.js';
import { readPlan } from '../../run/plan/stored-plan.js';

/** A table of the target that is not what it was at the switch. */
export interface WrittenTable {
  readonly table: string;
  readonly rowsBefore: number;
  /** null: the table is not there any more. */
  readonly rowsNow: number | null;
  /** What the journal noted of it, where it names every row that changed; its rows are not counted then. */
  readonly noted?: { readonly relations: readonly number[]; readonly count: number };
}

/** Tables that were written since, made or dropped since included. */
export function findWritten(before: readonly TableDigest[], now: readonly TableDigest[]): WrittenTable[] {
  const names = new Set([...before, ...now].map(({ table }) => table));
  return [...names].sort().flatMap((table) => {
    const then = before.find((one) => one.table === table);
    const after = now.find((one) => one.table === table);
    if (then !== undefined && then.rows === after?.rows && then.sum === after.sum) return [];
    if ((then?.rows ?? 0) === 0 && (after?.rows ?? 0) === 0) return [];
    return [{ table, rowsBefore: then?.rows ?? 0, rowsNow: after?.rows ?? null }];
  });
}

/** "Host (160 rows then, 163 now), User (140 rows then and now), Event (3 changes noted)" */
export function describeWritten(tables: readonly WrittenTable[]): string {
  return tables
    .map(({ table, rowsBefore, rowsNow, noted }) =>
      noted !== undefined
        ? `${table} (${countOf(noted.count, 'change')} noted)`
        : rowsNow === null
          ? `${table} (${formatCount(rowsBefore)} rows then, dropped since)`
          : rowsBefore === rowsNow
            ? `${table} (${formatCount(rowsNow)} rows then and now, not the same ones)`
            : `${table} (${formatCount(rowsBefore)} rows then, ${formatCount(rowsNow)} now)`,
    )
    .join(', ');
}

const beforeSchema = 'pgferry_before';

/**
 * Saves what was written to these tables since the switch into one file of JSON lines. For this the snapshot is copied
 * again into a second schema, with the columns of the target, and the server compares both. Where that cannot be done,
 * the tables are saved whole.
 */
export async function saveWrites(
  context: Context,
  request: {
    readonly client: TargetClient;
    readonly address: TargetAddress;
    readonly facts: CutoverFacts;
    readonly written: readonly WrittenTable[];
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<{ table: string; path: string; rows: number }[]> {
  const { client, address, facts, folder } = request;
  const path = join(folder, 'target-writes.jsonl');
  const plan = await readPlan(client, facts.runId);
  // Of a table that was dropped there is nothing left to save.
  const there = request.written.filter(({ rowsNow }) => rowsNow !== null);
  const known = plan.tables.filter(({ target }) => there.some(({ table }) => table === target));
  const save = async (table: string, key: readonly string[], schema: string | null) => ({
    table,
    path,
    rows: await saveChangedRows(client, {
      schema: address.schema,
      table: { name: table, key, beforeSchema: schema },
      path,
    }),
  });
  const others = there.filter(({ table }) => !known.some(({ target }) => target === table));
  const saved: { table: string; path: string; rows: number }[] = [];
  for (const { table } of others) saved.push(await save(table, [], null));
  if (known.length === 0) return saved;
  if (!(await mayMakeScratch(client))) {
    context.journal.warn('the tables are saved whole, since our role may make no schema for what they held before');
    for (const { target } of known) saved.push(await save(target, [], null));
    return saved;
  }
  return await withScratchSchema(client, beforeSchema, async () => {
    let schema: string | null = beforeSchema;
    try {
      for (const { target } of known) await copyTableShape(client, target, { from: address.schema, to: beforeSchema });
      await copyBefore(context, { ...request, tables: known.map(({ source }) => source) });
    } catch (error) {
      if (request.signal.aborted) throw error;
      schema = null;
      context.journal.warn(
        `the tables are saved whole, since what they held before could not be told: ${toWire(error).message}`,
      );
    }
    for (const { target, key, columns } of known) {
      const names = key.origin === 'none' ? [] : key.columns.flatMap((i) => columns[i]?.target ?? []);
      saved.push(await save(target, names, schema));
    }
    return saved;
  });
}

/** Copies the snapshot's rows of these tables into the second schema. */
async function copyBefore(
  context: Context,
  request: {
    readonly facts: CutoverFacts;
    readonly tables: readonly string[];
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { settings } = context;
  const folder = join(request.folder, 'before');
  const inner = innerContext(
    context,
    {
      ...settings,
      sourcePath: request.facts.mapped?.snapshot.path ?? request.facts.snapshotPath,
      tableRules: leaveMatched(settings.tableRules),
      targetUrl: withSchema(settings.targetUrl ?? '', beforeSchema),
      runFolder: folder,
      tables: request.tables,
      exclude: [],
      truncateTarget: true,
    },
    request.signal,
  );
  try {
    const result = await runCopy(inner);
    if (!result.ok) throw new Error('the copy of the snapshot differs from it');
  } finally {
    // This run made a snapshot of the snapshot, as large as the source and of no further use.
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same URL with another schema. Of two parameters with one name the later counts. */
export function withSchema(url: string, schema: string): string {
  return `${url.trim()}${splitUrl(url.trim()).parameters.length === 0 ? '?' : '&'}schema=${encodeURIComponent(schema)}`;
}
