import { open, rm, stat } from 'node:fs/promises';
import { env } from 'node:process';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import { runCommand } from './command.js';
import { withTarget } from '../connection/connect.js';
import { findDumpProgram, lastWords } from './dump-program.js';
import { findPassword } from '../connection/password.js';
import { quoteName } from '../../lib/quote.js';

export interface DumpOptions {
  readonly address: TargetAddress;
  /** The file to make, `postgres-precutover.sql`; it must not be there yet. */
  readonly path: string;
  /** Where packages put their programs, one folder per major version; /usr/lib/postgresql if left out. */
  readonly packageFolders?: readonly string[];
  readonly signal?: AbortSignal;
}

export type DumpResult =
  | { readonly tag: 'dumped'; readonly bytes: number }
  /** The schema is not there yet, so there is nothing to save. */
  | { readonly tag: 'nothing' }
  /** Nothing was written; the reason is for people. */
  | { readonly tag: 'absent'; readonly reason: string };

/** A target that takes longer to dump than this is not the empty one that we are about to fill. */
const dumpTimeoutMs = 6 * 3_600_000;

/**
 * Writes schema and data of the target schema with pg_dump into a new file (0600, fsynced). Where there is no pg_dump,
 * or none as new as the server, or it fails, that is the result and no partial file stays. A file that is already there
 * is never overwritten. The password goes through the child's environment, never its arguments.
 */
export async function dumpTarget({ address, path, packageFolders, signal }: DumpOptions): Promise<DumpResult> {
  const options = signal === undefined ? {} : { signal };
  const server = await readServer(address, signal);
  if (!server.schemaExists) return { tag: 'nothing' };
  const found = await findDumpProgram({
    serverMajor: server.major,
    ...options,
    ...(packageFolders === undefined ? {} : { packageFolders }),
  });
  if (found.tag === 'absent') return absent(found.reason);
  return dumpInto({ address, path, ...options }, found.program);
}

async function readServer(address: TargetAddress, signal: AbortSignal | undefined) {
  const options = { applicationName: 'pgferry dump', ...(signal === undefined ? {} : { signal }) };
  return withTarget(address, options, async (client) => {
    const [row] = await client.query<{ major: number; schemaExists: boolean }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS major,
              EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS "schemaExists"`,
      [address.schema],
    );
    return row ?? { major: 0, schemaExists: false };
  });
}

async function dumpInto({ address, path, signal }: DumpOptions, program: string): Promise<DumpResult> {
  await makeFile(path);
  let isWhole = false;
  try {
    const result = await runCommand(program, dumpArguments(address, path), {
      env: await dumpEnvironment(address),
      timeoutMs: dumpTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    isWhole = result.exitCode === 0;
    return isWhole ? { tag: 'dumped', bytes: await syncFile(path) } : absent(`pg_dump fails: ${lastWords(result)}`);
  } finally {
    if (!isWhole) await rm(path, { force: true });
  }
}

/** The schema is quoted as in SQL, since pg_dump takes a pattern, in which `*` and capitals have another meaning. */
function dumpArguments(address: TargetAddress, path: string): string[] {
  return [
    '--no-password',
    `--schema=${quoteName(address.schema)}`,
    '--format=plain',
    '--encoding=UTF8',
    // A pg_dump that waits for a locked table shows nothing, so its wait has a limit.
    ...(address.stallTimeoutMs === undefined ? [] : [`--lock-wait-timeout=${address.stallTimeoutMs}`]),
    `--file=${path}`,
  ];
}

/** libpq's variables for the address; the operator's own PG… variables would contradict it and are left out. */
async function dumpEnvironment(address: TargetAddress): Promise<Record<string, string>> {
  const inherited = Object.entries(env).filter(([name]) => !name.startsWith('PG'));
  const wanted = {
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGUSER: address.user,
    PGPASSWORD: await findPassword(address),
    PGDATABASE: address.database,
    PGSSLMODE: address.sslmode,
    PGSSLROOTCERT: address.sslRootCertPath,
    PGSSLCERT: address.sslCertPath,
    PGSSLKEY: address.sslKeyPath,
    PGAPPNAME: 'pgferry dump',
    PGCONNECT_TIMEOUT: String(Math.ceil(address.connectTimeoutMs / 1000)),
  };
  const pairs = [...inherited, ...Object.entries(wanted)];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

async function makeFile(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    throw new CopierError('usage.dump_file', `cannot make ${path} for the dump of the target`, {
      hint: 'name a folder that can be written and has no such file yet',
      cause: error,
    });
  }
}

async function syncFile(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return (await stat(path)).size;
}

function absent(reason: string): DumpResult {
  return { tag: 'absent', reason };
}
