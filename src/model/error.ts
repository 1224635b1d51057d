import type { Code } from './codes/codes.js';
import type { Finding } from './plan.js';
import type { WireError } from './wire.js';

/**
 * Every way to fail on purpose: code → exit code and what to do where the thrower says nothing better.
 * The exit codes are the command's contract; see docs/reference.md.
 */
export const exitCodes = {
  ok: 0,
  differs: 1,
  usage: 2,
  refused: 20,
  source: 21,
  target: 22,
  data: 23,
  cutoverRefused: 24,
  cutoverStuck: 25,
  threadLost: 26,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

const classes = {
  usage: exitCodes.usage,
  plan: exitCodes.refused,
  source: exitCodes.source,
  target: exitCodes.target,
  data: exitCodes.data,
  cutover: exitCodes.cutoverRefused,
  rollback: exitCodes.cutoverRefused,
  stuck: exitCodes.cutoverStuck,
  thread: exitCodes.threadLost,
  bug: exitCodes.bug,
  interrupted: exitCodes.interrupted,
} as const;

/**
 * The part before the dot decides the exit code; the part after it names the case: `source.not_a_database`. Each is
 * listed in `codes/`, with what it means and what to do.
 */
export type ErrorCode = Extract<Code, `${keyof typeof classes}.${string}`>;

export interface ErrorLocation {
  readonly table?: string | null;
  readonly column?: string | null;
  readonly key?: string | null;
}

export interface CopierErrorOptions extends ErrorLocation {
  /** What the operator does next. */
  readonly hint: string;
  readonly cause?: unknown;
  /** SQLSTATE or SQLite result code. */
  readonly foreignCode?: string | null;
  /** What is said of one value, where the message says its table, column and key too. */
  readonly detail?: string | null;
  /** All reasons, where one error represents a list of them. */
  readonly findings?: readonly Finding[];
}

/** The one expected failure. Anything else that is thrown is a bug. */
export class CopierError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly key: string | null;
  readonly foreignCode: string | null;
  readonly detail: string | null;
  readonly findings: readonly Finding[];

  constructor(code: ErrorCode, message: string, options: CopierErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CopierError';
    this.code = code;
    this.hint = options.hint;
    this.table = options.table ?? null;
    this.column = options.column ?? null;
    this.key = options.key ?? null;
    this.foreignCode = options.foreignCode ?? null;
    this.detail = options.detail ?? null;
    this.findings = options.findings ?? [];
  }

  get exitCode(): number {
    return exitCodeOf(this.code);
  }
}

/** The exit code of an error code; an unknown class is a bug. */
export function exitCodeOf(code: string): number {
  const name = code.split('.', 1)[0] ?? '';
  return Object.hasOwn(classes, name) ? classes[name as keyof typeof classes] : exitCodes.bug;
}

/** Makes an error plain data so that it survives postMessage and JSON. */
export function toWire(error: unknown): WireError {
  if (error instanceof CopierError) {
    const { code, message, hint, table, column, key, exitCode, foreignCode, stack } = error;
    return { code, message, hint, table, column, key, exitCode, foreignCode, stack: stack ?? null };
  }
  const known = error instanceof Error ? error : new Error(String(error));
  const ofSystem = nameSystemError(known);
  if (ofSystem !== null) return toWire(ofSystem);
  return {
    code: 'bug.unexpected',
    message: known.message,
    hint: 'this is a bug in pgferry; please report it with the log of the run',
    table: null,
    column: null,
    key: null,
    exitCode: exitCodes.bug,
    foreignCode: null,
    stack: known.stack ?? null,
  };
}

const freeSpace = 'make room for it, or choose another folder with --backup-dir, then run the same command again';
const files = 'raise the limit (ulimit -n), or lower --workers and --connections, then run the same command again';
const disk = 'check the disk (kernel log, `df`) and the permissions, then run the same command again';

/** Hints for what the machine may refuse in the middle of a run. */
const systemHints: Readonly<Record<string, string>> = {
  ENOSPC: freeSpace,
  EDQUOT: freeSpace,
  EFBIG: 'raise the limit for the size of a file (ulimit -f), then run the same command again',
  EMFILE: files,
  ENFILE: files,
  EIO: disk,
  EROFS: disk,
  EACCES: disk,
  ENOENT: 'a file of the run is gone: see who removes it, then run the same command again',
};

/** Each memory of WebAssembly reserves gigabytes of addresses, of which it uses a few hundred kilobytes. */
const addresses = 'lift the limit of its address space (ulimit -v unlimited), then run the same command again';

/**
 * An error of the operating system as a CopierError, since it is no bug of ours. It is recognised by Node's form
 * (`ENOSPC: no space left on device, write`) or V8's.
 */
function nameSystemError(error: Error): CopierError | null {
  if (error instanceof RangeError && error.message.startsWith('WebAssembly.')) {
    const message = `the process may not reserve the addresses that it needs: ${error.message}`;
    return new CopierError('usage.address_space', message, { hint: addresses, cause: error });
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  const hint = code === undefined || syscall === undefined ? undefined : systemHints[code];
  if (code === undefined || hint === undefined) return null;
  const name = hint === files ? 'usage.file_limit' : 'source.local_file';
  return new CopierError(name, error.message, { hint, cause: error, foreignCode: code });
}

/** Makes the error again from its plain data. The thread's stack is kept as the cause. */
export function fromWire(wire: WireError): CopierError {
  const cause = wire.stack === null ? undefined : wire.stack;
  return new CopierError(wire.code as ErrorCode, wire.message, { ...wire, cause });
}

/** Asserts what must be true. One that fires is a bug, not a message to the user. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Narrows away undefined and null where the program's own logic guarantees a value. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`assertion failed: no ${what}`);
  return value;
}
