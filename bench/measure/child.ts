import { spawn } from 'node:child_process';
import { readChildrenCpuMs, readPeakBytes } from './cpu.js';

export interface ChildCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment. Passwords go here, never into `args`. */
  readonly env?: Readonly<Record<string, string>>;
  /** After so many ms the program is ended. */
  readonly limitMs?: number;
}

export interface ChildResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The end of what it said. */
  readonly stderr: string;
  readonly wallMs: number;
  /** Of the child and of what it waited for; null where the system does not say. */
  readonly cpuMs: number | null;
  /** Largest resident size of the child itself, looked at every 20 ms. */
  readonly peakBytes: number | null;
}

/** A program that takes longer is ended, where it is not given more. */
const usualLimitMs = 20 * 60_000;

const peakIntervalMs = 20;
const stderrCharsMax = 4_000;

/**
 * Runs a program to its end and measures it. Only one may run at a time, since CPU time cannot be split between two.
 */
export async function measureChild(command: ChildCommand): Promise<ChildResult> {
  const cpuBefore = readChildrenCpuMs();
  const start = performance.now();
  const child = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let peakBytes: number | null = null;
  const watch = setInterval(() => {
    peakBytes = child.pid === undefined ? null : (readPeakBytes(child.pid) ?? peakBytes);
  }, peakIntervalMs);
  const limit = setTimeout(() => child.kill('SIGKILL'), command.limitMs ?? usualLimitMs);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
  });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve);
    });
    const wallMs = performance.now() - start;
    const cpuAfter = readChildrenCpuMs();
    const cpuMs = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
    return { exitCode, stdout, stderr, wallMs, cpuMs, peakBytes };
  } finally {
    clearInterval(watch);
    clearTimeout(limit);
  }
}
