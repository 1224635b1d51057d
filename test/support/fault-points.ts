import fs, { appendFileSync, readFileSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into a real pgferry process with NODE_OPTIONS=--require, so that faults can be planted at exact points of a
 * real run and the program itself knows nothing of them. Every thread of the process loads it. PGFERRY_FAULT is JSON:
 *   at      kill, stop: SIGKILL, SIGSTOP to the process; throw: an error that nobody catches; hang: the thread never comes back;
 *           heap: the thread fills its heap; reject: a promise that is rejected and that nobody waits for
 *   when    the n-th message to Postgres, of all threads together, that is a statement with `text` in it (any message
 *           where it is left out)
 *   call    instead of messages: the n-th call of this function of node:fs, right before it is made
 *   where   threads, main, or any
 *   counter a file that counts for all threads: one byte per message
 *   once    a file that says the fault was done, so that it is not done again; left out: every time from then on
 */
interface Fault {
  readonly at: 'kill' | 'stop' | 'throw' | 'hang' | 'heap' | 'reject' | 'count';
  readonly when: number;
  readonly text?: string;
  readonly call?: 'renameSync' | 'linkSync' | 'fsyncSync';
  readonly where: 'threads' | 'main' | 'any';
  readonly counter: string;
  readonly once?: string;
}

const fault = JSON.parse(process.env['PGFERRY_FAULT'] ?? 'null') as Fault | null;

const isHere = fault !== null && (fault.where === 'any' || (fault.where === 'main') === isMainThread);

if (isHere && fault.call !== undefined) {
  const calls = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const { call } = fault;
  const made = calls[call];
  calls[call] = (...args: unknown[]) => {
    strike(fault);
    return made?.(...args);
  };
  syncBuiltinESMExports();
} else if (isHere) {
  const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
    const result = write.apply(this, args);
    if (this.remotePort !== undefined && holds(args[0], fault.text)) strike(fault);
    return result;
  } as typeof Socket.prototype.write;
}

/** Statements go as Query or Parse messages; a Bind message may hold the same words as a value. */
function holds(bytes: unknown, text: string | undefined): boolean {
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return false;
  if (text === undefined) return true;
  const type = String.fromCharCode(bytes[0] ?? 0);
  return 'QP'.includes(type) && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text);
}

/** The message has been handed to the kernel: Postgres gets it, and we never see its answer. */
function strike(what: Fault): void {
  appendFileSync(what.counter, '.');
  if (what.at === 'count' || statSync(what.counter).size < what.when || isDone(what)) return;
  if (what.once !== undefined) appendFileSync(what.once, '.');
  switch (what.at) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'throw':
      setImmediate(() => {
        throw new Error('planted');
      });
      return;
    case 'reject':
      void Promise.reject(new Error('planted'));
      return;
    case 'hang':
      setImmediate(() => {
        for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      });
      return;
    case 'heap':
      setImmediate(() => {
        const full: unknown[] = [];
        for (;;) full.push(new Array(1000).fill({}));
      });
  }
}

function isDone({ once }: Fault): boolean {
  try {
    return once !== undefined && readFileSync(once).length > 0;
  } catch {
    return false;
  }
}
