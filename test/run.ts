import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbedded, stopEmbedded } from '../src/target/embedded/embedded.js';
import type { TargetAddress } from '../src/model/target.js';

/**
 * Runs every test file under Node's own test runner against one PostgreSQL that is started for the purpose and
 * stopped afterwards. Arguments: parts of test file names; none means all.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'pgferry-tests-'));
const server = await startEmbedded({ folder: join(folder, 'postgres') });
try {
  process.exitCode = await runTests(urlOf(server.address));
} finally {
  await stopEmbedded(join(folder, 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

function urlOf(address: TargetAddress): string {
  const user = `${address.user}:${encodeURIComponent(address.password ?? '')}`;
  return `postgres://${user}@${address.host}:${address.port}/${address.database}`;
}

function runTests(url: string): Promise<number> {
  const wanted = process.argv.slice(2);
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .map((name) => join(here, name))
    .sort();
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, PGFERRY_TEST_URL: url } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
