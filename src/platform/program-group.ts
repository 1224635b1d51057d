import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { env, kill } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

/** A program of the operator's, or a line for the shell, and where and how long it may run. */
export interface ProgramToRun {
  readonly run: string | readonly string[];
  readonly folder: string;
  /** Added to the environment of this process. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables of this process that it does not get. */
  readonly hidden: readonly string[];
  readonly withinMs: number;
  readonly signal: AbortSignal | null;
  /** A path that is free for a moment, in a folder that only we may read. */
  readonly outputPath: string;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  /** How it ended, where that was not by an exit code. */
  readonly ending: string;
  readonly isLate: boolean;
  /** What it printed last. */
  readonly output: string;
  /** Whether a process that it started lives on. */
  readonly hasLeft: boolean;
}

const outputBytesMax = 1024 * 1024;
const graceMs = 3000;

/**
 * Runs a program in a process group of its own. One that takes too long or fails, or a wait that is given up, ends the
 * whole group; of one that succeeds what it started may live on. Its output goes through a file without a name, so that
 * a process that stays never waits for us.
 */
export async function runProgramGroup(program: ProgramToRun): Promise<ProgramEnd> {
  const { run, folder, variables, hidden, withinMs, signal, outputPath } = program;
  const output = openSync(outputPath, 'wx+', 0o600);
  rmSync(outputPath);
  try {
    const [file = '', ...args] = typeof run === 'string' ? ['/bin/sh', '-c', run] : run;
    const inherited = Object.entries(env).filter(([name]) => !hidden.includes(name));
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), ...variables },
      stdio: ['ignore', output, output],
      detached: true,
    });
    const ended = endingOf(child);
    const stop = new AbortController();
    const late = wait(withinMs, 'late' as const, { signal: stop.signal }).catch(() => 'late' as const);
    const given = signal === null ? [] : [abortOf(signal, stop.signal)];
    const first = await Promise.race([ended, late, ...given]);
    stop.abort();
    const isOver = typeof first === 'object';
    if (!isOver || first.exitCode !== 0) await endGroup(child.pid, ended, isOver);
    const { exitCode, ending } = await ended;
    return { exitCode, ending, isLate: first === 'late', output: tailOf(output), hasLeft: isAlive(child.pid) };
  } finally {
    closeSync(output);
  }
}

type Ended = Promise<{ readonly exitCode: number | null; readonly ending: string }>;

function endingOf(child: ReturnType<typeof spawn>): Ended {
  return new Promise((done) => {
    child.once('error', (error) => done({ exitCode: null, ending: error.message }));
    child.once('exit', (exitCode, by) =>
      done({ exitCode, ending: by === null ? `exit code ${exitCode}` : `ended by ${by}` }),
    );
  });
}

async function abortOf(signal: AbortSignal, stop: AbortSignal): Promise<'given up'> {
  if (!signal.aborted) await once(signal, 'abort', { signal: stop }).catch(() => undefined);
  return 'given up';
}

/** Asks the group to end, and ends what has not. */
async function endGroup(pid: number | undefined, ended: Ended, isOver: boolean): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  const untilMs = performance.now() + graceMs;
  if (!isOver) await Promise.race([ended, wait(graceMs, undefined, { ref: false })]);
  while (isAlive(pid) && performance.now() < untilMs) await wait(20);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    kill(-pid, name);
  } catch {
    // It has ended.
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function tailOf(file: number): string {
  const { size } = fstatSync(file);
  const bytes = Buffer.alloc(Math.min(size, outputBytesMax));
  const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString('utf8', 0, read);
}
