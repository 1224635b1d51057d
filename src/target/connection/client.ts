import { Socket } from 'node:net';
import type Pg from 'pg';
import { interruption } from '../../lib/interruption.js';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import { type PgErrorContext, translatePgError } from './errors.js';
import { heldBy, type LockPolicy, type LockWaits, LockWatch } from './lock-watch.js';
import { type LedgerName, ledgerName } from '../ledger/names.js';
import { pg } from './pg.js';
import { sessionSettings } from './session-settings.js';

/*
 * The life of a client: connecting → in use → closed. A lost connection or an abort makes it broken: from then on every
 * use fails with the same translated error, and nothing crashes while it lies idle. Closing twice is closing once.
 */

export interface ConnectOptions {
  /** The name that pg_stat_activity shows; the server cuts it to 63 bytes. */
  readonly applicationName: string;
  /** Added to the session settings of every client, for example lock_timeout in ms; they beat the url's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends a connect, a query or a COPY at once by destroying the socket. */
  readonly signal?: AbortSignal;
  /** What to make of a server that is silent while we wait for it; left out: it is lost unless it is at work for us. */
  readonly stallPolicy?: StallPolicy;
  /** Who is told of waits for locks, and what ends such a wait besides the time limit of the address. */
  readonly locks?: LockWaits;
}

/**
 * When a silent server breaks the connection (`target.stalled`): after a wait of `limitMs` during which no byte
 * arrives.
 */
export interface StallPolicy {
  readonly limitMs: number;
  /**
   * For statements that may rightly take long: asked first, and again after each limit. True means to go on waiting.
   */
  readonly isAtWork?: (backendPid: number) => Promise<boolean>;
}

/** The options of a connection, with what to make of a silent server decided. */
export interface WatchedOptions extends ConnectOptions {
  readonly stallPolicy: StallPolicy;
  /** Null for a session that asks about other sessions. */
  readonly lockPolicy: LockPolicy | null;
}

/** A role's limit of time may be shorter than the first look into the catalogs takes; LOCAL ends with the transaction. */
const askBackend = `BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_catalog.pg_backend_pid() AS pid; COMMIT`;

/** How long a polite goodbye may take before the socket is destroyed. */
const closeTimeoutMs = 2_000;

/** A connection to Postgres with the session settings in force. Made by connectTarget, lent by withTarget. */
export class TargetClient {
  readonly address: TargetAddress;
  /** pg's own client, for COPY streams; only `target/` uses it, one statement at a time. */
  readonly raw: Pg.Client;
  /** The session settings that this client was asked for; they beat those of the address. */
  readonly settings: Readonly<Record<string, string>>;
  readonly #socket: Socket;
  readonly #signal: AbortSignal | undefined;
  readonly #stallPolicy: StallPolicy;
  readonly #lockWatch: LockWatch | null;
  readonly #onAbort: () => void;
  /** How many waits for the server are going on. */
  #waits = 0;
  #broken: unknown = null;
  /** Why the statement that waits was cancelled by its watch. */
  #cancelledBy: CopierError | null = null;
  #isClosed = false;
  #backendPid: number | null = null;
  #majorVersion = 0;

  constructor(address: TargetAddress, config: Pg.ClientConfig, options: WatchedOptions) {
    const { signal } = options;
    const socket = new Socket();
    this.address = address;
    this.settings = { ...sessionSettings, ...options.settings };
    this.#socket = socket;
    this.raw = new pg.Client({ ...config, stream: () => socket });
    this.raw.on('error', (error) => {
      this.#broken ??= error;
    });
    this.raw.connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'server_version') this.#majorVersion = Number.parseInt(parameterValue, 10);
    });
    this.#stallPolicy = options.stallPolicy;
    this.#lockWatch = options.lockPolicy === null ? null : this.#watchLocks(options.lockPolicy);
    socket.on('timeout', () => void this.#onSilence());
    this.#signal = signal;
    this.#onAbort = () => void socket.destroy();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Whether the connection is gone: every further use fails. */
  get isBroken(): boolean {
    return this.#broken !== null || this.#socket.destroyed;
  }

  get isInTransaction(): boolean {
    return this.raw.getTransactionStatus() === 'T';
  }

  /** Connects; a failure is translated and leaves nothing open. */
  async connect(): Promise<void> {
    try {
      this.#signal?.throwIfAborted();
      await this.awaited(this.raw.connect());
    } catch (error) {
      const failure = this.failure(error);
      await this.close();
      throw failure;
    }
  }

  /**
   * Asks which backend answers, in a transaction of its own, so that a pooler keeps nothing of it. False where the
   * connection was taken with another process id: then a pooler stands between, which makes one up.
   */
  async learnBackend(): Promise<boolean> {
    const results = await this.run(askBackend, [], { doing: 'setting up the session' });
    // The simple protocol gives a result for each statement, which pg's types do not say.
    const answered = (results as unknown as readonly { readonly rows: readonly { readonly pid: number }[] }[])[2];
    this.#backendPid = answered?.rows[0]?.pid ?? null;
    // pg stores what the server said when it took the connection, but does not declare it.
    return (this.raw as unknown as { readonly processID: number | null }).processID === this.#backendPid;
  }

  /** Process id of the backend that serves the session, as pg_stat_activity has it; null before it was learned. */
  get backendPid(): number | null {
    return this.#backendPid;
  }

  /** Of PostgreSQL, as the server said when it took the connection: 18; 0 where it said none. */
  get majorVersion(): number {
    return this.#majorVersion;
  }

  /** A name of the ledger as SQL writes it, wherever this target keeps its ledger. */
  ledger(name: LedgerName): string {
    return ledgerName(this.address, name);
  }

  /** Runs one statement and gives its rows. `int8` and numeric come as text, dates and times as text. */
  async query<R extends Pg.QueryResultRow = Pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
    context: PgErrorContext = {},
  ): Promise<R[]> {
    return (await this.run<R>(sql, values, context)).rows;
  }

  /** Runs statements without parameters in one message, and so in one transaction; gives the rows of each. */
  async queryAll<R extends Pg.QueryResultRow>(
    statements: readonly string[],
    context: PgErrorContext = {},
  ): Promise<R[][]> {
    if (statements.length === 0) return [];
    // The simple protocol gives a result for each statement, or the result where there is one; pg's types do not say so.
    const results = (await this.run<R>(statements.join('\n;\n'), [], context)) as unknown as
      | Pg.QueryResult<R>
      | readonly Pg.QueryResult<R>[];
    return (Array.isArray(results) ? results : [results]).map(({ rows }) => rows);
  }

  /** Runs one statement and gives pg's result with its command tag and row count. */
  async run<R extends Pg.QueryResultRow = Pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
    context: PgErrorContext = {},
  ): Promise<Pg.QueryResult<R>> {
    try {
      if (this.#broken !== null) throw this.#broken;
      // Without values pg uses the simple protocol, which some statements and all multi-statement texts need.
      return await this.awaited(this.raw.query<R>(sql, values.length === 0 ? undefined : [...values]));
    } catch (error) {
      throw this.failure(error, context);
    }
  }

  /**
   * The error to throw after `raw` threw one: the interruption where the signal has fired, else the first error that
   * broke the connection, else the error itself, translated.
   */
  failure(error: unknown, context: PgErrorContext = {}): unknown {
    if (this.#signal?.aborted === true) return interruption(this.#signal, { cause: error });
    if (this.#cancelledBy !== null && this.#broken === null) return this.#cancelledBy;
    return this.#withHolders(translatePgError(this.#broken ?? error, { address: this.address, ...context }));
  }

  /** Waits for what only the server can bring about; silence counts during such a wait alone. */
  async awaited<T>(answer: Promise<T>): Promise<T> {
    this.#waits += 1;
    if (this.#waits === 1) this.#beginWait();
    this.#listen();
    try {
      return await answer;
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0) this.#lockWatch?.end();
      this.#listen();
    }
  }

  #beginWait(): void {
    this.#cancelledBy = null;
    this.#lockWatch?.begin();
  }

  /** A wait that must end is cancelled, so that the session can still tell the ledger; where that fails, it is lost. */
  #watchLocks(policy: LockPolicy): LockWatch {
    const endWait = async (error: CopierError) => {
      const pid = this.#backendPid;
      this.#cancelledBy = error;
      try {
        if (pid !== null) await policy.cancel(pid);
      } catch {
        if (this.#cancelledBy !== error) return;
        this.#broken ??= error;
        this.#socket.destroy();
      }
    };
    return new LockWatch(policy, { backendPid: () => this.#backendPid, fail: (error) => void endWait(error) });
  }

  /** The server reports that a lock was not granted, but not who holds it. */
  #withHolders(error: unknown): unknown {
    const words = this.#lockWatch?.holders ?? '';
    if (words === '' || !(error instanceof CopierError) || error.code !== 'target.locked') return error;
    const { hint, table, foreignCode } = error;
    const message = `${error.message}; ${heldBy(words)}`;
    return new CopierError(error.code, message, { hint, table, foreignCode, cause: error });
  }

  /** The socket's timer starts anew with every byte. Once it has fired it must be set again. */
  #listen(): void {
    this.#socket.setTimeout(this.#waits === 0 ? 0 : this.#stallPolicy.limitMs);
  }

  async #onSilence(): Promise<void> {
    if (this.#waits === 0) return;
    const { limitMs, isAtWork } = this.#stallPolicy;
    const heard = this.#socket.bytesRead;
    const pid = this.#backendPid;
    const mayWait = isAtWork !== undefined && pid !== null && (await isAtWork(pid).catch(() => false));
    if (this.#waits === 0) return;
    if (mayWait || this.#socket.bytesRead > heard) return this.#listen();
    this.#broken ??= stalled(this.address, limitMs);
    this.#socket.destroy();
  }

  /** Says goodbye, or destroys the socket where that takes too long. Never fails: there is nothing left to lose. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lockWatch?.close();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#broken ??= new Error('Connection terminated');
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
    try {
      await this.raw.end();
    } finally {
      clearTimeout(timer);
      this.#socket.destroy();
    }
  }
}

function stalled({ host, port }: TargetAddress, limitMs: number): CopierError {
  return new CopierError('target.stalled', `${host}:${port} has not said a word for ${limitMs / 1000} s`, {
    hint: 'check the server and the network, then run the same command again; raise --stall-timeout where it is only slow',
  });
}
