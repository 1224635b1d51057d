import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoteIdentifier } from '../../src/lib/quote.js';
import { assertWhole, type Bench, repeatPasses, toResult } from './case.js';
import { type ChildCommand, measureChild } from '../measure/child.js';
import { type CopyFile, findCopyFiles } from '../data/copy-files.js';
import { withServerCpu } from '../measure/cpu.js';
import type { Fixture } from '../data/fixtures.js';
import { isInstalled } from './plain.js';
import { type CaseResult, sessionName } from '../figures/result.js';
import { environmentOf, settle, withBenchDatabase } from '../measure/server.js';

/** What one person does with one psql: the same schema, and a COPY for each table, from files that are prepared. */
export async function measureSession(bench: Bench): Promise<CaseResult | string> {
  if (!(await isInstalled('psql'))) return 'psql is not installed';
  const files = findCopyFiles(bench.fixture.copyFolder);
  if (files === null) return 'no prepared COPY files yet: measure ours or plain first, which leave them behind';
  const passes = await repeatPasses(bench, sessionName, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await settle(bench.serverUrl);
      const command = planSession(bench.fixture, files, url);
      const { done: run, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => measureChild(command));
      await assertWhole(run, sessionName, { fixture: bench.fixture, url });
      const { wallMs, cpuMs, peakBytes } = run;
      return { wallMs, cpuMs, serverCpuMs, peakBytes, phases: [] };
    }),
  );
  const command = `psql -f session.sql: the schema, and \\copy of ${files.length} binary files`;
  return toResult(bench, { name: sessionName, passes, command, note: 'no reading of SQLite; nothing is verified' });
}

/** One psql with one script: the target's schema as it stands, then a COPY from each prepared file. */
function planSession(fixture: Fixture, files: readonly CopyFile[], url: string): ChildCommand {
  const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`;
  const script = [
    `\\i ${quoted(join(fixture.schemaFolder, '0001_init.sql'))}`,
    ...files.map(({ table, path }) => `\\copy ${quoteIdentifier(table)} from ${quoted(path)} (format binary)`),
  ];
  const scriptPath = join(fixture.copyFolder, 'session.psql');
  writeFileSync(scriptPath, `${script.join('\n')}\n`);
  return { file: 'psql', args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', scriptPath], env: environmentOf(url) };
}
