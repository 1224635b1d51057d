import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assertDone, type Bench, shown, toResult } from './case.js';
import { withServerCpu } from '../measure/cpu.js';
import { type OurRun, runOurs } from './ours.js';
import { type CaseResult, type Pass, type ProofName, proofName, proofNames } from '../figures/result.js';
import { settle, withBenchDatabase } from '../measure/server.js';

/*
 * What proves a migration, or looks ahead of it, each as a command of its own on a database that was just loaded: one
 * after another in every pass, so that all of them meet the same state of the machine.
 */

/** Measures each of the commands as often as the bench repeats. Throws what a command said where it failed. */
export async function measureProofs(bench: Bench): Promise<CaseResult[]> {
  const passes = new Map<ProofName, Pass[]>(proofNames.map((name) => [name, []]));
  const commands = new Map<ProofName, string>();
  for (let pass = 1; pass <= bench.repeat; pass++) {
    bench.say(`${proofNames.join(', ')}, ${pass} of ${bench.repeat}`);
    await onLoaded(bench, async (run) => {
      for (const name of proofNames) {
        await settle(bench.serverUrl);
        const { done, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => run(name));
        assertDone(done, proofName(name));
        const { wallMs, cpuMs, peakBytes, phases } = done;
        passes.get(name)?.push({ wallMs, cpuMs, serverCpuMs, peakBytes, phases });
        commands.set(name, shown(bench, done.command));
      }
    });
  }
  return proofNames.map((name) =>
    toResult(bench, {
      name: proofName(name),
      passes: passes.get(name) ?? [],
      command: commands.get(name) ?? '',
      note: null,
    }),
  );
}

/** Lends a way to run a command on a fixture that was loaded; nothing of it is left. */
async function onLoaded(
  { fixture, serverUrl, workers }: Bench,
  use: (run: (command: ProofName) => Promise<OurRun>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(fixture.schemaFolder, 'proof-'));
  const flags = ['--workers', String(Math.max(...workers))];
  try {
    await withBenchDatabase(serverUrl, async (url) => {
      const run = (command: 'migrate' | ProofName) =>
        runOurs({ fixture, url, flags, command, runFolder: join(folder, command) });
      assertDone(await run('migrate'), 'pgferry migrate');
      await use(run);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
