import { type ChildProcess, spawn } from 'node:child_process';
import { interruption } from '../../lib/interruption.js';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

export interface CommandResult {
  /** null where it could not be started or was killed, as for a timeout. */
  readonly exitCode: number | null;
  /** The first bytes of what it printed, bounded. */
  readonly stdout: string;
  /** The last bytes of what it complained about, bounded; why it did not start where it did not. */
  readonly stderr: string;
  readonly wasFound: boolean;
}

const outputCharsMax = 64 * 1024;

/** Runs a program to its end without a shell. Only an abort throws; everything else is in the result. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { timeoutMs, signal, ...rest } = options;
  throwIfAborted(signal);
  const child = spawn(file, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  const kill = () => void child.kill('SIGTERM');
  const timer = setTimeout(kill, timeoutMs);
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const result = await collect(child);
    throwIfAborted(signal);
    return result;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interruption(signal);
}

function collect(child: ChildProcess): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(0, outputCharsMax);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-outputCharsMax);
  });
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ exitCode: null, stdout, stderr: error.message, wasFound: error.code !== 'ENOENT' });
    });
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr, wasFound: true }));
  });
}
