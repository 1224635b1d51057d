import { createReadStream, fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { CopierError } from '../../model/error.js';
import type { ImportedAs } from '../../model/source.js';
import { isScript, nameForeignBytes } from '../foreign-file.js';
import { withSource } from '../open.js';
import { throwIfAborted } from '../snapshot/file-hash.js';
import { translateSqliteError } from '../source-error.js';
import { Database } from '../sqlite.js';
import { readCommand } from './command-bytes.js';
import type { NamedSource } from './named-source.js';
import { ScriptRunner } from './script.js';
import { inUtf8 } from './script-encoding.js';
import { StatementReader } from './statements.js';
import { type Bytes, damaged, peek, unpack } from './unpack.js';
import { readZip } from './zip.js';

/*
 * A source that is no database file: a dump in SQL, a database or dump that is compressed, or what a pipe or a command
 * writes. It is read once, from its beginning to its end, into a private SQLite file, which then is the snapshot.
 */

const databaseStart = 'SQLite format 3\0';
const zipStart = 'PK\u0003\u0004';
const readBytes = 256 * 1024;

/**
 * Fills the private file at `path`, which is there and empty, and says what it was made of. Errors: source.empty,
 * compressed, command, not_a_database, postgres_dump, sql_dump, dump_incomplete, dump_statement, and those of
 * `withSource` for a database that came compressed.
 */
export async function importSource(source: NamedSource, path: string, signal?: AbortSignal): Promise<ImportedAs> {
  const name = source.stream?.tag === 'stdin' ? 'standard input' : source.sourcePath;
  try {
    const { head, all } = await unpack(name, await openBytes(name, source, signal));
    if (head.toString('latin1', 0, databaseStart.length) === databaseStart) {
      await writeBytes(all, path, signal);
      await withSource(path, () => {});
      return 'copy';
    }
    await runScript(await scriptOf(name, head, all), path, signal);
    return 'dump';
  } catch (error) {
    throw named(name, path, error);
  }
}

/** The bytes of the source; those of an archive are what is in it. */
async function openBytes(name: string, { sourcePath, stream }: NamedSource, signal?: AbortSignal): Promise<Bytes> {
  if (stream?.tag === 'command') return await withoutArchive(name, readCommand(stream.command, signal));
  if (stream !== null) return await withoutArchive(name, standardInputBytes());
  const { head, all } = await peek(createReadStream(sourcePath, { highWaterMark: readBytes }) as Bytes);
  if (!head.toString('latin1').startsWith(zipStart)) return all;
  await all[Symbol.asyncIterator]().return?.();
  return unzipped(sourcePath);
}

/** A pipe may be set not to block by the program at its other end, which only a socket of Node understands. */
function standardInputBytes(): Bytes {
  const stats = fstatSync(0);
  if (stats.isFIFO() || stats.isSocket()) return new Socket({ fd: 0, readable: true, writable: false });
  return createReadStream('', { fd: 0, autoClose: false, highWaterMark: readBytes });
}

async function* unzipped(path: string): AsyncGenerator<Buffer> {
  try {
    yield* readZip(path);
  } catch (error) {
    throw damaged(path, 'zip', error);
  }
}

/** The directory of an archive stands at its end, so that it cannot be read from a pipe. */
async function withoutArchive(name: string, bytes: Bytes): Promise<Bytes> {
  const { head, all } = await peek(bytes);
  if (!head.toString('latin1').startsWith(zipStart)) return all;
  throw new CopierError('source.compressed', `${name} is a zip archive, which cannot be read from a pipe`, {
    hint: 'name the archive as a file, or unpack it into the pipe: unzip -p FILE | pgferry migrate - …',
  });
}

async function writeBytes(bytes: Bytes, path: string, signal?: AbortSignal): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for await (const chunk of bytes) {
      throwIfAborted(signal);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
}

/** The bytes as a script, or the error that says what they are. */
async function scriptOf(name: string, head: Buffer, all: Bytes): Promise<Bytes> {
  if (head.length === 0) {
    throw new CopierError('source.empty', `${name} is empty (0 bytes)`, {
      hint: 'see that what writes it ends well, then run again',
    });
  }
  const script = await peek(inUtf8(head, all));
  const foreign = nameForeignBytes(name, script.head);
  if (foreign !== null) throw foreign;
  if (isScript(script.head)) return script.all;
  throw new CopierError('source.not_a_database', `${name} is neither a SQLite database nor a dump of one`, {
    hint: 'check what it is with: file FILE; an encrypted database must be decrypted first',
  });
}

async function runScript(script: Bytes, path: string, signal?: AbortSignal): Promise<void> {
  const db = new Database(path);
  try {
    const runner = new ScriptRunner(db);
    const reader = new StatementReader();
    for await (const chunk of script) {
      throwIfAborted(signal);
      for (const statement of reader.push(chunk)) runner.run(statement);
    }
    reader.finish();
    runner.finish();
  } finally {
    db.close();
  }
}

/** The operator knows the source, not the private file. */
function named(name: string, path: string, error: unknown): unknown {
  const translated = translateSqliteError(error, path);
  if (!(translated instanceof CopierError)) return translated;
  const message = translated.message.replaceAll(path, name);
  const { code, hint, foreignCode } = translated;
  const text = message.includes(name) || code === 'source.command' ? message : `${name}: ${message}`;
  return new CopierError(code, text, { hint, foreignCode, cause: error });
}
