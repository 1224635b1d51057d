import { CopierError } from '../model/error.js';
import type { Kind } from '../model/kind.js';
import type { Sides } from '../model/result.js';
import type { ShadowReport } from '../model/shadow.js';
import type { SqliteValue } from '../model/value.js';
import { compareRows } from '../shadow/compare-rows.js';
import { explainDifferences, explainLike, explainOrder, explainRefusal } from '../shadow/explain.js';
import type { PairedRead, Statement } from '../shadow/read.js';
import { kindOfResult, type TimeKinds } from '../shadow/result-kinds.js';
import { addUtf8Order } from '../source/verify/lines.js';
import { readSourceResult } from '../source/verify/result.js';
import type { TargetClient } from '../target/connection/client.js';
import { isRunAgain, type Repeats, readTargetResult } from '../target/copy/result.js';
import { describeCells, shownCell } from '../verify/describe.js';
import { canonicalResult, type ResultCell } from '../verify/result-cells.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { withStatementsOfTarget } from './thread-target.js';

/** Reads that one thread runs on both sides, one after the other. */
export interface ShadowJob {
  readonly snapshotPath: string;
  readonly reads: readonly PairedRead[];
  readonly rowsMax: number;
  readonly differencesMax: number;
  /** How time columns of the plan are read, for the operator's own reads, whose columns have no plan. */
  readonly times: TimeKinds;
}

type Database = Parameters<typeof readSourceResult>[0];

/** The open connections to both sides. */
interface Handles {
  readonly db: Database;
  readonly client: TargetClient;
  readonly job: ShadowJob;
}

/** The latency is the median of so many runs of the plain form; what takes long is not run again for it. */
const repeats = { times: 3, ms: 100 };
const once = { times: 1, ms: 0 };

declare module '../pool/threads.js' {
  interface ThreadJobs {
    shadow: [ShadowJob, ShadowReport[]];
  }
}

/** Runs reads on both sides and compares what they give. */
export async function runShadowJob(job: ShadowJob): Promise<ShadowReport[]> {
  return await runReads(job);
}

async function runReads(job: ShadowJob): Promise<ShadowReport[]> {
  return await withSnapshot(job.snapshotPath, (db) =>
    withStatementsOfTarget(async (client) => {
      addUtf8Order(db);
      const reports: ShadowReport[] = [];
      for (const read of job.reads) reports.push(await runRead({ db, client, job }, read));
      return reports;
    }),
  );
}

async function runRead(handles: Handles, read: PairedRead): Promise<ShadowReport> {
  const { name, why, table, plain } = read;
  const sql = { source: plain.source.sql, target: plain.target.sql };
  const head = { name, why, table, sql };
  try {
    return { ...head, ...(await compareRead(handles, read)) };
  } catch (error) {
    if (!(error instanceof CopierError) || !error.code.endsWith('.read_refused')) throw error;
    const none = { source: 0, target: 0 };
    const explanations = [error.message, ...explainRefusal(error.foreignCode)];
    return { ...head, rows: none, ms: none, verdict: 'failed', differences: [], explanations };
  }
}

type Outcome = Pick<ShadowReport, 'rows' | 'ms' | 'verdict' | 'differences' | 'explanations'>;

/**
 * Compares the read as an application writes it. Where the results differ, compares it again in a total order, which
 * distinguishes a lost row from another order.
 */
async function compareRead(handles: Handles, read: PairedRead): Promise<Outcome> {
  const plain = await readBoth(handles, read, read.plain);
  const ms = { source: median(plain.ms.source), target: median(plain.ms.target) };
  const rows = { source: plain.source.length, target: plain.target.length };
  const compared = compare(handles, read, plain);
  if (compared.isEqual) return { rows, ms, verdict: 'equal', differences: [], explanations: [] };
  const parted = explainOrder({ ...plain, order: read.order, show: (i, cell) => shown(plain, i, cell) });
  const total = read.total === null ? null : await readBoth(handles, read, read.total, once);
  const settled = total === null ? compared : compare(handles, read, total);
  if (settled.isEqual) return { rows, ms, verdict: 'equal', differences: [], explanations: parted };
  const { differences } = settled;
  const sql = { source: read.plain.source.sql, target: read.plain.target.sql };
  // With a limit, another order cuts off other rows.
  const mayBeOrder = read.total === null && /\bORDER\s+BY\b/i.test(sql.target) && /\bLIMIT\b/i.test(sql.target);
  const byOrder = settled.isSameSet || mayBeOrder ? parted : [];
  const explanations = [...explainDifferences(differences), ...explainLike(sql, differences), ...byOrder];
  return { rows, ms, verdict: 'differs', differences, explanations: [...new Set(explanations)] };
}

interface BothResults {
  readonly columns: NonNullable<PairedRead['columns']>;
  readonly source: ResultCell[][];
  readonly target: ResultCell[][];
  readonly ms: Sides<readonly number[]>;
}

async function readBoth(
  { db, client, job }: Handles,
  read: PairedRead,
  statements: Sides<Statement>,
  wanted = repeats,
): Promise<BothResults> {
  const { rowsMax } = job;
  const sourceMs: number[] = [];
  const source = timed(sourceMs, wanted, () => readSourceResult(db, restored(statements.source), rowsMax));
  const target = await readTargetResult(client, asTexts(statements.target), { rowsMax, repeats: wanted });
  const columns =
    read.columns ?? target.columns.map(({ name, type }) => ({ name, kind: kindOfResult({ name, type }, job.times) }));
  if (source.columns.length !== target.columns.length) throw otherWidth(source.columns.length, target.columns.length);
  return {
    columns,
    source: await canonicalResult(source.rows, columns, 'source'),
    target: await canonicalResult(target.rows, columns, 'target'),
    ms: { source: sourceMs, target: target.ms },
  };
}

function compare({ job }: Handles, read: PairedRead, { columns, source, target }: BothResults) {
  const kindOf = (i: number) => kindAt({ columns }, i);
  return compareRows<ResultCell>({
    names: columns.map(({ name }) => name),
    key: read.key,
    source,
    target,
    differencesMax: job.differencesMax,
    describe: (i, a, b) => describeCells({ kind: kindOf(i) }, a, b),
    show: (i, cell) => shown({ columns }, i, cell),
  });
}

function kindAt({ columns }: Pick<BothResults, 'columns'>, i: number): Kind {
  return columns[i]?.kind ?? { tag: 'text', maxChars: null };
}

function shown(results: Pick<BothResults, 'columns'>, i: number, cell: ResultCell): string {
  return shownCell(kindAt(results, i), cell, false);
}

function timed<T>(ms: number[], wanted: Repeats, run: () => T): T {
  for (;;) {
    const beganAtMs = performance.now();
    const result = run();
    ms.push(performance.now() - beganAtMs);
    if (!isRunAgain(ms, wanted)) return result;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1] ?? 0;
  return Math.round(middle * 100) / 100;
}

/** `postMessage` turns a Buffer into a bare Uint8Array; this makes it a Buffer again. */
function restored({ sql, values }: Statement): Statement {
  return { sql, values: values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)) };
}

function asTexts({ sql, values }: Statement): { readonly sql: string; readonly values: (string | null)[] } {
  const textOf = (value: SqliteValue) => (value === null ? null : String(value));
  return { sql, values: values.map(textOf) };
}

function otherWidth(source: number, target: number): CopierError {
  return new CopierError('source.read_refused', `the source gives ${source} columns, the target ${target}`, {
    hint: 'write both reads so that they give the same columns',
  });
}
