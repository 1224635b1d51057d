import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CopierError, exitCodes, toWire } from '../../model/error.js';
import type { FleetReason, FleetShape } from '../../model/fleet/fleet.js';
import type { Finding } from '../../model/plan.js';
import type { RunResult } from '../../model/result.js';
import type { Settings } from '../../model/settings.js';
import type { TargetAddress } from '../../model/target.js';
import { nameSource } from '../../source/import/named-source.js';
import type { FleetEnding, TakenFile } from '../../target/ledger/fleet.js';
import { runCommand } from '../../target/program/command.js';
import type { Context } from '../../run/context.js';
import { Journal } from '../../run/journal.js';
import { withFileOptions } from '../../run/with-file-options.js';
import { migrateInto } from '../migrate.js';
import type { WorkerFiles } from './worker-files.js';

/** How often a file is tried whose loads fail over something that may pass. */
const attemptsMax = 3;
/** Warnings of a run that are kept with its file. */
const remarksMax = 5;
/** How long the operator's command may take to bring one file. */
const fetchTimeoutMs = 6 * 3_600_000;

/** What became of one file: it ended, or is given back, since another time or another machine may do better. */
export type LoadedFile =
  | FleetEnding
  | { readonly tag: 'again'; readonly isCounted: boolean; readonly reason: FleetReason | null };

/** One file, and what a worker knows of the fleet that it is of. */
interface FileLoad {
  readonly address: TargetAddress;
  readonly files: WorkerFiles;
  readonly parents: FleetShape['parents'];
  readonly file: TakenFile;
}

/**
 * Loads one file into its schema by the run that `pgferry migrate` makes, in this process. One that a run has loaded
 * whole since it was entered is not loaded again. Throws what is neither the file's fault nor may pass.
 */
export async function loadFleetFile(
  context: Context,
  { address, files, parents, file }: FileLoad,
): Promise<LoadedFile> {
  try {
    const { complete, unfinishedSource, hasDiffered } = await files.standing(file);
    if (complete !== null) {
      if (parents !== null) await files.attach(file, { ...parents, value: file.schema });
      return { tag: 'done', ...complete, bytes: null, remarks: [] };
    }
    if (!existsSync(resolve(file.source))) await fetchFile(context, file);
    const settings = fileSettings(context.settings, file, parents);
    // Another machine has begun it under another path: what its run loaded is given up, and its snapshot is not here. Where
    // the sides differed at the end, the file was mended since, which the snapshot of then does not show.
    const isElsewhere = unfinishedSource !== null && unfinishedSource !== nameSource(settings).sourcePath;
    const fresh = isElsewhere || hasDiffered;
    const journal = fileJournal(context.journal, file.schema);
    const result = await migrateInto(
      { ...context, settings: { ...settings, fresh }, journal },
      { ...address, schema: file.schema },
    );
    return judgeResult(result);
  } catch (error) {
    return judgeError(error, file, context.signal);
  }
}

/** The settings of one file's run or verify: its own source and folder, and its share of the machine. */
export function fileSettings(
  settings: Settings,
  file: Pick<TakenFile, 'source' | 'schema' | 'options'>,
  parents: FleetShape['parents'] = null,
): Settings {
  const threads = Math.max(1, Math.floor(settings.workers / settings.concurrency));
  return {
    ...withFileOptions(settings, file.options ?? {}),
    sourcePath: file.source,
    sourceCommand: null,
    runFolder: null,
    backupFolder: join(settings.backupFolder, file.schema),
    workers: threads,
    connections: threads,
    ...(parents === null ? {} : { tenant: { ...parents, value: file.schema } }),
  };
}

/** A journal of its own for a file, of which the one of the whole command gets the warnings. */
export function fileJournal(whole: Journal, schema: string): Journal {
  const journal = new Journal();
  journal.listen((event) => {
    if (event.tag === 'warning') whole.warn(`${schema}: ${event.message}`);
  });
  return journal;
}

function judgeResult({ ok, runId, tables, snapshot, findings }: RunResult): LoadedFile {
  const rows = tables.reduce((sum, table) => sum + table.targetRows, 0);
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const remarks = warnings.slice(0, remarksMax).map((finding) => `${finding.code}: ${placed(finding)}`);
  if (ok) return { tag: 'done', runId, rows, bytes: snapshot?.bytes ?? null, remarks };
  const [finding] = findings.filter(({ severity }) => severity === 'error');
  const differing = tables.filter((table) => !table.ok).map(({ table }) => table);
  const message = finding === undefined ? `the two sides differ in ${differing.join(', ')}` : placed(finding);
  const hint = finding?.hint ?? 'pgferry verify with this file and schema names the rows; then pgferry fleet retry';
  return { tag: 'failed', runId, reason: { code: finding?.code ?? 'verify.changed', message, hint } };
}

function judgeError(error: unknown, file: TakenFile, signal: AbortSignal): LoadedFile {
  const { code, message, hint, exitCode } = toWire(error);
  const findings = error instanceof CopierError ? error.findings : [];
  const reason = findings.length === 0 ? { code, message, hint } : ofFindings(findings);
  if (signal.aborted || exitCode === exitCodes.interrupted) return { tag: 'again', isCounted: false, reason: null };
  // Somebody else is at this schema; whoever it is, the ledger will tell what became of it.
  if (code === 'target.run_active') return { tag: 'again', isCounted: false, reason };
  if (mayPass(code, exitCode) && file.attempts < attemptsMax) return { tag: 'again', isCounted: true, reason };
  return { tag: 'failed', runId: null, reason };
}

/** Whether the same file may be loaded another time, though nobody mends anything. */
function mayPass(code: string, exitCode: number): boolean {
  const ofMachine = ['source.busy', 'source.local_file', 'source.no_space', 'source.snapshot_io', 'source.fetch'];
  return exitCode === exitCodes.target || exitCode === exitCodes.threadLost || ofMachine.includes(code);
}

/** What a finding says, with the table that it is about. */
function placed({ table, column, message }: Finding): string {
  const isNamed = table === null || message.split(/[\s,;:"'`().]+/).includes(table);
  return isNamed ? message : `${table}${column === null ? '' : `.${column}`}: ${message}`;
}

function ofFindings(findings: CopierError['findings']): FleetReason {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  if (first === undefined) return { code: 'plan.refused', message: 'the plan refuses', hint: '' };
  return { code: first.code, message: `${placed(first)}${more}`, hint: first.hint };
}

/** Has the operator's command bring the file to where its source says. */
async function fetchFile({ settings, signal }: Context, { source, schema }: TakenFile): Promise<void> {
  if (settings.fetchCommand === null) return;
  const args = ['-c', settings.fetchCommand, 'fetch', source, schema];
  const { exitCode, stderr } = await runCommand('sh', args, { timeoutMs: fetchTimeoutMs, signal });
  if (exitCode === 0 && existsSync(resolve(source))) return;
  const why = exitCode === 0 ? 'it ended well, but the file is not there' : (stderr.trim().split('\n').at(-1) ?? '');
  throw new CopierError('source.fetch', `the command of --fetch-command did not bring ${source}: ${why}`, {
    hint: 'run it by itself: it gets the source as $1 and the schema as $2, and must put the file where the source says',
  });
}
