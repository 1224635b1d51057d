import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildCommand, type ChildResult, measureChild } from '../measure/child.js';
import type { Fixture } from '../data/fixtures.js';
import { withServerCpu } from '../measure/cpu.js';
import type { Pass, Phase, ProofName } from '../figures/result.js';

const cliPath = fileURLToPath(new URL('../../src/start.js', import.meta.url));

export interface OurRun extends ChildResult {
  readonly command: ChildCommand;
  readonly phases: readonly Phase[];
  /** Of all copy threads together: reading and encoding. */
  readonly fillMs: number | null;
  /** COPY bytes. */
  readonly bytesCopied: number;
}

/** Runs the real command on a fixture, as an operator would: snapshot, init, copy, indexes, full verification. */
export async function measureOurs(fixture: Fixture, url: string, flags: readonly string[]): Promise<OurRun> {
  const folder = mkdtempSync(join(fixture.schemaFolder, 'run-'));
  try {
    return await runOurs({ command: 'migrate', fixture, url, flags, runFolder: join(folder, 'run') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same with what it cost; `postmaster` of the server as `withServerCpu` takes it. */
export async function measurePass(
  postmaster: number | null,
  { fixture, url, flags }: { readonly fixture: Fixture; readonly url: string; readonly flags: readonly string[] },
): Promise<{ readonly run: OurRun; readonly pass: Pass }> {
  const { done: run, serverCpuMs } = await withServerCpu(postmaster, () => measureOurs(fixture, url, flags));
  const { wallMs, cpuMs, peakBytes, phases, fillMs } = run;
  return { run, pass: { wallMs, cpuMs, serverCpuMs, peakBytes, phases, fillMs } };
}

/** Runs one of our commands on a fixture; what it leaves behind lies in the run folder. */
export async function runOurs(request: {
  readonly command: 'migrate' | ProofName;
  readonly fixture: Fixture;
  readonly url: string;
  readonly flags: readonly string[];
  readonly runFolder: string;
}): Promise<OurRun> {
  const { fixture, url, flags, runFolder } = request;
  const command = {
    file: process.execPath,
    args: [cliPath, request.command, '--json', '--quiet', '--source', fixture.path, ...flags],
    // The target's url goes through the environment, since it may hold a password.
    env: { POSTGRES_DATABASE_URL: url, POSTGRES_SQL_DIR: fixture.schemaFolder, MIGRATION_RUN_DIR: runFolder },
  };
  const run = await measureChild(command);
  return { ...run, command, ...readAnswer(run.exitCode === 0 ? run.stdout : '{}') };
}

/** The figures from the command's JSON that count here; none where it has none. */
export function readAnswer(json: string): Pick<OurRun, 'phases' | 'fillMs' | 'bytesCopied'> {
  const { phases, fillMs, bytesCopied } = JSON.parse(json) as {
    phases?: readonly Phase[];
    fillMs?: number;
    bytesCopied?: number;
  };
  return {
    phases: (phases ?? []).map(({ name, ms }) => ({ name: String(name), ms: Number(ms) })),
    fillMs: fillMs ?? null,
    bytesCopied: bytesCopied ?? 0,
  };
}
