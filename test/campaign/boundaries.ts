import fs, { appendFileSync, existsSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { Database } from '../../src/source/sqlite.js';

/*
 * Loaded into a real pgferry process with NODE_OPTIONS=--import, in each of its threads: every place where it leaves its
 * own memory becomes a point at which it may fail, and the program itself knows nothing of it. A point is a message to
 * PostgreSQL, a call of node:fs that changes something, or a statement of SQLite. PGFERRY_BOUNDARY is JSON, see Boundary.
 */
export interface Boundary {
  readonly how: 'throw' | 'kill' | 'stop' | 'count';
  /** The n-th point of all threads together, counted from the first in whose words there is `from`. */
  readonly at: number;
  /** Words of a statement or the name of a file; empty: from the beginning. */
  readonly from: string;
  /** Only points in whose words this is are counted; left out: all of them. */
  readonly only?: string;
  /** Before the call, or after it: then it had its effect, and the program never sees its answer. */
  readonly side: 'before' | 'after';
  /** Whether a throw fails every point from there on, or that one. */
  readonly isForever: boolean;
  /** A file that counts for all threads: one byte for each point. */
  readonly counter: string;
  /** A second fault, so many points after the first: it strikes what answers the first. */
  readonly second?: { readonly how: 'throw' | 'kill'; readonly after: number };
}

const boundary = JSON.parse(process.env['PGFERRY_BOUNDARY'] ?? 'null') as Boundary | null;

const calls = [
  ...['openSync', 'writeSync', 'writeFileSync', 'appendFileSync', 'renameSync', 'linkSync', 'symlinkSync'],
  ...['fsyncSync', 'fdatasyncSync', 'rmSync', 'unlinkSync', 'rmdirSync', 'mkdirSync', 'chmodSync', 'fchmodSync'],
  ...['fchownSync', 'copyFileSync', 'ftruncateSync', 'cpSync'],
];
const promised = ['open', 'writeFile', 'appendFile', 'rename', 'link', 'rm', 'unlink', 'mkdir', 'copyFile', 'chmod'];

let isInside = false;

if (boundary !== null) plant(boundary);

type Callable = (this: unknown, ...args: unknown[]) => unknown;

function plant(what: Boundary): void {
  for (const name of calls) wrap(fs, name, what, 'EIO');
  for (const name of promised) wrap(fs.promises, name, what, 'EIO');
  syncBuiltinESMExports();
  const db = new Database(':memory:');
  const statement: object = Object.getPrototypeOf(db.prepare('SELECT 1'));
  db.close();
  for (const name of ['exec', 'pragma', 'backup', 'close']) wrap(Database.prototype, name, what, 'SQLITE_IOERR');
  for (const name of ['run', 'get', 'all']) wrap(statement, name, what, 'SQLITE_IOERR');
  const write = Socket.prototype.write as unknown as Callable;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
    const how = this.remotePort !== undefined && isPoint(args[0]) ? struckHow(what, args[0]) : null;
    if (how !== null && what.side === 'before')
      return strike(how) ?? (how === 'stop' ? (write.apply(this, args) as boolean) : destroy(this));
    const result = write.apply(this, args) as boolean;
    return how === null ? result : (strike(how) ?? (how === 'stop' ? result : destroy(this)));
  } as typeof Socket.prototype.write;
}

function destroy(socket: Socket): boolean {
  socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  return false;
}

function wrap(holder: object, name: string, what: Boundary, code: string): void {
  const made = (holder as Record<string, Callable>)[name];
  if (made === undefined) return;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const how = isInside ? null : struckHow(what, (this as { source?: string } | undefined)?.source ?? args[0]);
    // SQLite's close cannot fail.
    if (how === null || (how === 'throw' && name === 'close')) return made.apply(this, args);
    const result = what.side === 'after' ? made.apply(this, args) : undefined;
    strike(how);
    if (how !== 'throw') return what.side === 'after' ? result : made.apply(this, args);
    const error = failure(name, code);
    if (holder !== fs.promises && name !== 'backup') throw error;
    return Promise.resolve(result).then(() => Promise.reject(error));
  };
  (holder as Record<string, Callable>)[name] = wrapped;
}

function failure(name: string, code: string): Error {
  if (code === 'SQLITE_IOERR') return new Database.SqliteError('disk I/O error', code);
  return Object.assign(new Error(`${code}: i/o error, ${name}`), { code, errno: -5, syscall: name });
}

/** One message of each statement: its Query or its Sync, and what carries rows or opens and ends a connection. */
function isPoint(bytes: unknown): boolean {
  return bytes instanceof Uint8Array && 'QSdcX\0'.includes(String.fromCharCode(bytes[0] ?? 0));
}

/** Counts the point, and tells how it fails; null where it does not. */
function struckHow(what: Boundary, words: unknown): Boundary['how'] | null {
  isInside = true;
  try {
    if (!isBegun(what, words) || (what.only !== undefined && !textOf(words).includes(what.only))) return null;
    appendFileSync(what.counter, '.');
    const count = statSync(what.counter).size;
    if (what.second !== undefined && count === what.at + what.second.after) return what.second.how;
    const isHit = what.isForever && what.how === 'throw' ? count >= what.at : count === what.at;
    return isHit && what.how !== 'count' ? what.how : null;
  } finally {
    isInside = false;
  }
}

function isBegun({ from, counter }: Boundary, words: unknown): boolean {
  if (from === '' || existsSync(counter)) return true;
  if (!textOf(words).includes(from)) return false;
  appendFileSync(counter, '');
  return true;
}

function textOf(words: unknown): string {
  if (words instanceof Uint8Array) return Buffer.from(words).toString('latin1');
  return typeof words === 'string' ? words : '';
}

/** Undefined where the program lives on with an error. A process that was stopped goes on as if nothing had been. */
function strike(how: Boundary['how']): undefined {
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  if (how === 'stop') process.kill(process.pid, 'SIGSTOP');
}
