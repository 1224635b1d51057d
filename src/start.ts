#!/usr/bin/env node
import { readFileSync } from 'node:fs';

/*
 * The program's first file. Node itself ends with 1 where it cannot load a program, and 1 says that the two sides
 * differ: so this file needs nothing, loads the rest, and names what is in the way.
 */

const filesMin = 128;

function fail(exitCode: number, code: string, message: string, hint: string): never {
  const error = { code, message, hint, table: null, column: null, key: null, exitCode, foreignCode: null };
  const empty = { runId: null, runDir: null, durationMs: 0, tables: [], findings: [], nextSteps: [] };
  const json = JSON.stringify({ ok: false, command: 'pgferry', ...empty, error });
  if (process.argv.includes('--json')) process.stdout.write(`${json}\n`);
  process.stderr.write(`✗ ${message} [${code}]\n  → ${hint}\n`);
  process.exit(exitCode);
}

/** Open files that the process may have; null where the system does not say. Loading the modules alone takes some 70. */
function readFileLimit(): number | null {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// As in package.json's engines; 22.14 is the first with version 10 of Node-API.
if (major < 20 || major === 21 || (major === 22 && minor < 14)) {
  const hint = 'install Node 20, 22.14 or a later one';
  fail(2, 'usage.node_version', `pgferry does not run on Node ${process.version}`, hint);
}
const limit = readFileLimit();
if (limit !== null && limit < filesMin) {
  const message = `only ${limit} files may be open at once, pgferry needs ${filesMin} and more for many workers`;
  fail(2, 'usage.file_limit', message, 'raise the limit, for instance with: ulimit -n 1024');
}
try {
  await import('./cli/cli.js');
} catch (error) {
  const { message, code, hint, exitCode } = error as Error & { code?: string; hint?: string; exitCode?: number };
  // An expected failure, such as a package that is not installed whole.
  if (code !== undefined && hint !== undefined && exitCode !== undefined) fail(exitCode, code, message, hint);
  fail(
    70,
    'bug.not_loaded',
    `pgferry cannot be loaded: ${message}`,
    'install it again: npm install -g pgferry, or in a clone: make build',
  );
}
