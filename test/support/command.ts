import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../../src/model/result.js';
import type { WireError } from '../../src/model/wire.js';

/** The command as it was built. */
export const cli = fileURLToPath(new URL('../../src/start.js', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it as another user, for tests of permissions, which root does not feel. */
  readonly identity?: { readonly uid: number; readonly gid: number };
  /** A program and its arguments that start the command: prlimit, strace, unshare. */
  readonly through?: readonly string[];
  /** What it reads from standard input; nothing where this is left out. */
  readonly input?: string | Buffer;
}

/** The environment of a clean machine: no setting of pgferry or Postgres leaks in. */
function cleanEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...env };
}

/** Starts the real command in a process of its own. */
export function startCommand(
  args: readonly string[],
  { cwd, env = {}, identity, through = [], input }: CommandOptions,
): { child: ChildProcess; ended: Promise<Ended> } {
  const [program = process.execPath, ...rest] = [...through, process.execPath, cli, ...args];
  const child = spawn(program, rest, {
    ...identity,
    cwd,
    env: cleanEnv(env),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}).end(input);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs the real command to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<Ended> {
  return await startCommand(args, options).ended;
}

export type JsonResult = RunResult & { readonly error?: WireError };

/** Runs the command with --json and reads its one object. */
export async function runJson(
  args: readonly string[],
  options: CommandOptions,
): Promise<Ended & { readonly json: JsonResult }> {
  const ended = await runCommand([...args, '--json'], options);
  try {
    return { ...ended, json: JSON.parse(ended.stdout) as JsonResult };
  } catch {
    throw new Error(`no JSON on stdout: ${ended.stdout}\n${ended.stderr}`);
  }
}
