import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pid } from 'node:process';
import { interruption } from '../lib/interruption.js';
import { maskSecrets } from '../lib/mask-secrets.js';
import type { HookEdge, HookRules, HookSecret } from '../model/application/rules.js';
import { CopierError } from '../model/error.js';
import { runProgramGroup } from '../platform/program-group.js';
import { writeNewFile } from './durable.js';

/** What every program of the operator's gets from its cutover. */
export interface Programs {
  /** The cutover's folder; what a program prints goes into `hooks` below it. */
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Partial<Record<HookSecret, string>>>;
  /** What is taken out of what a program prints. */
  readonly passwords: readonly string[];
  readonly signal: AbortSignal | null;
  readonly note: (message: string) => void;
}

export interface ProgramRequest {
  /** The name of its output's file. */
  readonly name: string;
  readonly run: string | readonly string[];
  readonly folder: string;
  readonly withinMs: number;
  readonly secrets: readonly HookSecret[];
}

/** Variables of ours that hold a password, or lead to one. */
const hidden = ['POSTGRES_DATABASE_URL', 'PG_URL', 'PGPASSWORD', 'PGPASSFILE'].flatMap((name) => [
  name,
  `PGFERRY_${name}`,
]);

const variableOf: Readonly<Record<HookSecret, string>> = { targetUrlWithPassword: 'PGFERRY_TARGET_URL_WITH_PASSWORD' };

/** `60`, `60s` or `5m` in milliseconds. */
export function withinMsOf(within: string | number | undefined, standardMs: number): number {
  const [, digits, unit] = /^(\d+)([sm]?)$/.exec(String(within ?? '')) ?? [];
  return digits === undefined ? standardMs : Number(digits) * (unit === 'm' ? 60_000 : 1000);
}

/**
 * Runs a program of the operator's, and keeps what it printed without passwords. Errors: `cutover.hook` where it fails or
 * takes too long, `cutover.hook_secret` where it wants a password that is not known; an interruption.
 */
export async function runOwnProgram(programs: Programs, request: ProgramRequest): Promise<void> {
  throwIfAborted(programs);
  const logs = join(programs.folder, 'hooks');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const outputPath = join(logs, `.${request.name}-${pid}`);
  const variables = { ...programs.variables, ...secretsOf(programs, request) };
  const end = await runProgramGroup({ ...request, variables, hidden, signal: programs.signal, outputPath });
  const logPath = freePath(logs, request.name);
  writeNewFile(logPath, Buffer.from(masked(end.output, programs.passwords)), { mode: 0o600 });
  throwIfAborted(programs);
  if (end.hasLeft)
    programs.note(`${request.name} left a process running: its output is not kept, let it write to a file of its own`);
  if (end.exitCode === 0 && !end.isLate) return;
  const why = end.isLate ? `took longer than ${request.withinMs / 1000} s` : `failed (${end.ending})`;
  throw new CopierError(
    'cutover.hook',
    `${request.name} ${why}: ${lastLines(masked(end.output, programs.passwords))}`,
    {
      hint: `see ${logPath}; mend it until it works by hand, then run again`,
    },
  );
}

/** How long a hook may take that does not say. */
const hookStandardMs = 600_000;

/** Runs the hooks of one edge, one after the other. Errors: those of `runOwnProgram`. */
export async function runHookPrograms(programs: Programs, edge: HookEdge, rules: HookRules): Promise<void> {
  const hooks = rules[edge] ?? [];
  for (const [at, given] of hooks.entries()) {
    const hook = typeof given === 'string' ? { run: given } : given;
    const name = hooks.length === 1 ? edge : `${edge}-${at + 1}`;
    programs.note(`hook ${name}`);
    await runOwnProgram(programs, {
      name,
      run: hook.run,
      folder: resolve(hook.in ?? '.'),
      withinMs: withinMsOf(hook.within, hookStandardMs),
      secrets: hook.secrets ?? [],
    });
  }
}

function throwIfAborted({ signal }: Programs): void {
  if (signal?.aborted === true) throw interruption(signal);
}

function secretsOf({ secrets }: Programs, request: ProgramRequest): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of request.secrets) {
    const value = secrets[name];
    if (value === undefined) {
      throw new CopierError('cutover.hook_secret', `${request.name} asks for ${name}, and no password is known`, {
        hint: 'give it in the URL of the target, in PGPASSWORD or in a password file, or take the secret out of the hook',
      });
    }
    given[variableOf[name]] = value;
  }
  return given;
}

/** name.log, name-2.log and so on: an attempt never writes over the output of another. */
function freePath(folder: string, name: string): string {
  const taken = new Set(readdirSync(folder));
  for (let number = 1; ; number++) {
    const file = `${name}${number === 1 ? '' : `-${number}`}.log`;
    if (!taken.has(file) && !existsSync(join(folder, file))) return join(folder, file);
  }
}

function masked(output: string, passwords: readonly string[]): string {
  const hiddenWords = passwords.filter((word) => word !== '').flatMap((word) => [word, encodeURIComponent(word)]);
  const cleaned = hiddenWords.reduce((text, word) => text.replaceAll(word, '…'), output);
  return cleaned.split('\n').map(maskSecrets).join('\n');
}

function lastLines(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const lines = plain.map((line) => line.trim()).filter((line) => line !== '');
  return lines.length === 0 ? 'it printed nothing' : lines.slice(-4).join(' | ');
}
