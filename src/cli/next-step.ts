import type { DoctorResult } from '../model/doctor.js';
import type { CutoverResult } from '../model/cutover.js';
import { exitCodes } from '../model/error.js';
import type { FleetResult } from '../model/fleet/fleet.js';
import type { Finding } from '../model/plan.js';
import type { QuarantineResult } from '../model/quarantine.js';
import type { RunResult } from '../model/result.js';
import type { CommandName } from '../model/settings.js';
import type { LastComparison, RunStatus } from '../model/status.js';
import type { WireError } from '../model/wire.js';

/* Which command comes next, by what a command found. */

export interface NextStep {
  readonly command: CommandName | 'help' | 'embedded';
  /** The words that follow its name. */
  readonly words: readonly string[];
  /** Flags that it needs beside those of this command. */
  readonly flags?: readonly string[];
  readonly why: string;
  /** Whether the sides and flags of this command are left out. */
  readonly isAnew?: boolean;
}

function step(command: NextStep['command'], why: string, more: Partial<NextStep> = {}): NextStep {
  return { command, words: [], why, ...more };
}

const dryRun = step('cutover', 'the switch, rehearsed: nothing is switched, and the downtime is predicted', {
  flags: ['--dry-run'],
});
const look = step('status', 'where it stands, and the way on or back');

function isRefused(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

export function afterDoctor({ ok }: DoctorResult): NextStep {
  if (!ok) return step('doctor', 'once every ✗ above is settled');
  return step('plan', 'what would happen, and why; nothing is written');
}

/** The file has the sides and the decisions. */
export function afterInitConfig(path: string): NextStep {
  return step('plan', 'with this file, once it says what you want', { flags: ['--config', path], isAnew: true });
}

export function afterCensus(): NextStep {
  return step('plan', 'what would become of it, and why; nothing is written');
}

export function afterInit(findings: readonly Finding[]): NextStep {
  if (isRefused(findings)) return step('init', 'once every reason above is settled');
  return step('migrate', 'the copy and its proof, into this schema');
}

export function afterPlan(findings: readonly Finding[]): NextStep {
  if (isRefused(findings)) return step('plan', 'once every reason above is settled');
  return step('migrate', 'snapshot, schema, copy and proof in one pass');
}

/** After migrate, copy, verify and accept. */
export function afterRun({ ok, command, tables, snapshot }: RunResult): NextStep {
  const isLoad = command === 'migrate' || command === 'copy';
  if (!ok && tables.every((table) => table.ok))
    return step(isLoad ? command : 'plan', 'once every ✗ above is settled', isLoad ? {} : { flags: ['--diff'] });
  if (!ok && isLoad) return step('verify', 'names the rows that differ');
  if (!ok) return step('status', 'whether the source was written since, and what mends it');
  if (isLoad && tables.some(({ quarantinedRows }) => quarantinedRows > 0))
    return step('quarantine', 'the rows that stayed behind, and why', { words: ['list'] });
  // A cutover works with the file that the application writes.
  if (command === 'accept') return snapshot?.imported === undefined ? dryRun : look;
  return step('accept', 'the proof to keep: values, keys, schema and reads, with a report');
}

export function afterShadow({ ok }: { readonly ok: boolean }): NextStep {
  return ok
    ? step('accept', 'the proof to keep: values, keys, schema and reads, with a report')
    : step('verify', 'names the rows that differ');
}

export function afterQuarantine({ action, groups, runId }: QuarantineResult): NextStep {
  if (runId === null) return step('migrate', 'snapshot, schema, copy and proof in one pass');
  const isHeld = groups.some(({ state }) => state === 'held');
  if (isHeld && action === 'list')
    return step('quarantine', 'once what stood in the way is mended', { words: ['retry'] });
  if (isHeld) return step('quarantine', 'what still stays behind, and why', { words: ['list'] });
  return step('verify', 'every value of both sides, read anew');
}

export function afterFollow({ ok, isRehearsal }: { readonly ok: boolean; readonly isRehearsal: boolean }): NextStep {
  if (!ok) return step('repair', 'carries over again what differs');
  if (isRehearsal) return step('follow', 'the same round, kept');
  return dryRun;
}

export function afterRepair({ ok }: { readonly ok: boolean }): NextStep {
  return ok ? step('verify', 'every value of both sides, read anew') : look;
}

export function afterCutover({ command, state }: CutoverResult): NextStep {
  if (state !== 'rehearsed') return look;
  if (command === 'rollback') return step('rollback', 'the way back itself');
  return step('cutover', 'the switch itself', { flags: ['--confirm', 'I_UNDERSTAND_PRODUCTION_CUTOVER'] });
}

export function afterStatus({ run, cutover, follow }: RunStatus): NextStep | null {
  if (cutover !== null && !cutover.isSettled)
    return step(cutover.state === 'rolling_back' ? 'rollback' : 'cutover', 'goes on where it stopped');
  if (cutover?.application === 'postgres') return null;
  switch (run?.state) {
    case undefined:
    case 'abandoned':
      return step('plan', 'what would happen, and why; nothing is written');
    case 'copying':
    case 'finishing':
      return step('migrate', 'goes on where it stopped; finished chunks are not sent twice');
    case 'failed':
      return step('verify', 'names the rows that differ');
    case 'complete':
      if (follow === null) return step('cutover', 'rehearses the next one', { flags: ['--dry-run'] });
      return afterComplete(run.compared, follow?.isSourceChanged === true);
  }
}

function afterComplete(compared: LastComparison | null, isSourceChanged: boolean): NextStep {
  if (compared?.ok === false && compared.isOutdated) return step('verify', 'whether both sides are the same again');
  if (isSourceChanged) return step('follow', 'brings what the source has got since');
  if (compared?.ok === false) return step('repair', 'carries over again what differs');
  if (compared?.command === 'accept' && !compared.isOutdated) return dryRun;
  return step('accept', 'the proof to keep: values, keys, schema and reads, with a report');
}

export function afterFleet({ action, counts, notHere }: FleetResult): NextStep | null {
  if (action === 'plan') {
    if (counts.waiting === 0) return null;
    return step('fleet', 'enters the files that are not refused', { words: ['enqueue'] });
  }
  if (counts.waiting > (notHere ?? 0) || counts.taken > 0)
    return step('fleet', 'loads what is on this machine; any number of machines may', { words: ['work'] });
  if (counts.waiting > 0) return step('fleet', 'on a machine that has the files which wait', { words: ['work'] });
  if (counts.failed > 0) return step('fleet', 'once the reasons are mended; then work goes on', { words: ['retry'] });
  if (action === 'report') return null;
  if (counts.done === 0) {
    // Only the command that named the files can be repeated with them.
    if (action !== 'enqueue' || counts.refused === 0) return null;
    return step('fleet', 'once the files that are refused are mended', { words: ['enqueue'] });
  }
  if (action === 'verify') return step('fleet', 'every verdict as a page and as JSON', { words: ['report'] });
  return step('fleet', 'every value of every file, read anew', { words: ['verify'] });
}

export function afterEmbedded(action: string): NextStep {
  if (action === 'start') return step('migrate', 'a SQLite file into this server', { flags: ['app.db'] });
  if (action === 'stop') return step('embedded', 'starts it again', { words: ['start'] });
  return step('embedded', 'stops it; its data stays', { words: ['stop'] });
}

/** After a failure of a command with this action, whose hint says what to mend first. Null where no command helps. */
export function afterError(name: string, { code, exitCode }: WireError, action: string | null = null): NextStep | null {
  if (exitCode === exitCodes.bug || name === 'completion') return null;
  const isCommand = name !== 'pgferry' && name !== 'embedded';
  if (exitCode === exitCodes.usage) return step('help', 'lists the flags', { words: isCommand ? [name] : [] });
  if (!isCommand) return null;
  const command = name as CommandName;
  if (code === 'plan.refused' && command !== 'plan') return step('plan', 'the same reasons; nothing is written');
  if (exitCode === exitCodes.cutoverStuck || code === 'rollback.nothing') return look;
  if (code === 'cutover.not_confirmed') return dryRun;
  const isStopped = exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated;
  const words = action === null ? [] : [action];
  return step(command, isStopped ? 'goes on where it stopped' : 'once the reason is mended', { words });
}
