import { CopierError, type ErrorCode } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import {
  type ErrorMeaning,
  clientMessages,
  connectionLost,
  failed,
  noPassword,
  rejected,
  socketCodes,
  sqlStates,
  tls,
  tooFewLocks,
  unreachable,
  wantsTls,
} from './error-table.js';

/** What the caller knew when Postgres or the socket failed; all of it may be shown, the password never is. */
export interface PgErrorContext {
  readonly address?: TargetAddress;
  readonly table?: string;
  readonly column?: string;
  /** What was being done, as the start of a sentence: `create index "Snap_idx"`. */
  readonly doing?: string;
}

/** The fields of PostgreSQL's ErrorResponse that we use; protocol chapter "Error and Notice Message Fields". */
interface PgFields {
  readonly message: string;
  readonly sqlState: string;
  readonly detail: string;
  readonly hint: string;
  readonly where: string;
  readonly table: string;
  readonly column: string;
  readonly constraint: string;
}

/** Codes after which the same chunk may be sent again in a new transaction. Nothing else is retried. */
const retryable: ReadonlySet<string> = new Set<ErrorCode>([
  'target.connection_lost',
  'target.stalled',
  'target.unreachable',
  'target.deadlock',
  'target.locked',
  'target.cancelled',
  'target.too_many_connections',
]);

/**
 * The only function that turns an error of pg, of its socket or of TLS into a CopierError. Any other error (a
 * CopierError already, or a bug) is returned unchanged, so that `throw translatePgError(…)` is always right.
 */
export function translatePgError(error: unknown, context: PgErrorContext = {}): unknown {
  if (error instanceof CopierError || !(error instanceof Error)) return error;
  const fields = readFields(error);
  const meaning = findMeaning(error, fields, context);
  if (meaning === null) return error;
  return new CopierError(meaning.code, wording(meaning, fields, error, context), {
    hint: meaning.hint,
    cause: error,
    foreignCode: fields.sqlState || readCode(error) || null,
    table: context.table ?? (fields.table || null),
    column: context.column ?? (fields.column || columnOfCopy(fields.where)),
    key: keyOfDetail(fields),
  });
}

/** Whether the whole chunk may be tried again in a new transaction; listed codes only. */
export function isRetryable(error: unknown): boolean {
  return error instanceof CopierError && retryable.has(error.code);
}

/** A text of the server without control characters, so that it cannot drive our terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function findMeaning(error: Error, fields: PgFields, { address }: PgErrorContext): ErrorMeaning | null {
  const { sqlState } = fields;
  if (sqlState === '28000' && address?.sslmode === 'disable') return wantsTls;
  if (sqlState === '53200' && fields.hint.includes('max_locks_per_transaction')) return tooFewLocks;
  if (sqlState !== '') return sqlStates[sqlState] ?? sqlStates[sqlState.slice(0, 2)] ?? failed;
  const code = readCode(error);
  const known = socketCodes[code];
  if (known !== undefined) return known;
  if (/^ERR_(TLS|SSL|OSSL)_/.test(code)) return tls;
  return clientMessages.find(([pattern]) => pattern.test(error.message))?.[1] ?? null;
}

function wording(meaning: ErrorMeaning, fields: PgFields, error: Error, context: PgErrorContext): string {
  const server = context.address === undefined ? 'postgres' : `postgres at ${serverOf(context.address)}`;
  if (meaning === noPassword)
    return `${server} wants a password for ${context.address?.user ?? 'us'}, and none was given`;
  const said = printable(fields.message || readCode(error) || 'no reason given');
  const text = `${opening(meaning, server, context)}: ${said}`;
  const isNamed = fields.constraint === '' || fields.message.includes(fields.constraint);
  const extras = [fields.detail.replace(/\.$/, ''), isNamed ? '' : `constraint ${fields.constraint}`, fields.where];
  return [text, ...extras.filter((extra) => extra !== '').map(printable)].join('; ');
}

function opening(meaning: ErrorMeaning, server: string, context: PgErrorContext): string {
  if (meaning === unreachable) return `cannot reach ${server}`;
  if (meaning === connectionLost) return `lost the connection to ${server}`;
  if (meaning.code === 'target.tls') return `no secure connection to ${server}`;
  if (meaning.code === 'target.auth') return `${server} does not let ${context.address?.user ?? 'us'} in`;
  if (context.doing !== undefined) return `${context.doing} failed`;
  if (meaning === rejected) return `${server} rejects the data`;
  return `${server} refuses`;
}

function serverOf(address: TargetAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** What PostgreSQL refused among the rows of one COPY, as far as its answer says. */
export interface Rejection {
  /** Number of the row in the COPY, from 1. Null where the answer names none. */
  readonly line: number | null;
  /** As policies name it. */
  readonly hazard: string;
}

/** Hazards by SQLSTATE; what is not here is `rejected`. */
const hazardOfState: Readonly<Record<string, string>> = {
  '23502': 'null_in_not_null',
  '23514': 'check_violation',
  '23505': 'duplicate_key',
  '23P01': 'duplicate_key',
  '23503': 'orphan',
  '22001': 'too_long',
  '22003': 'out_of_range',
  '22008': 'out_of_range',
  '22021': 'invalid_utf8',
};

/** Which row of a COPY the server refused, and why; null for any other error. */
export function rejectionOf(error: unknown): Rejection | null {
  if (!(error instanceof CopierError) || error.code !== 'data.rejected') return null;
  const { cause } = error;
  const where = cause instanceof Error ? readFields(cause).where : '';
  const line = /^COPY .+, line (\d+)/m.exec(where)?.[1];
  return {
    line: line === undefined ? null : Number(line),
    hazard: hazardOfState[error.foreignCode ?? ''] ?? 'rejected',
  };
}

/**
 * Whether the server refused what a statement asked, by its own rules or by an error that a function raised. Not so where
 * the connection, room, a lock, a right or somebody's order was in the way.
 */
export function isRefusal(error: unknown): error is CopierError {
  if (!(error instanceof CopierError) || error.foreignCode === null) return false;
  return error.code.startsWith('data.') || error.code === 'target.failed' || error.code === 'target.unsupported';
}

/** Whether the server has no connection left for us, or for our role. */
export function isTooMany(error: unknown): boolean {
  return error instanceof CopierError && error.code === 'target.too_many_connections';
}

/** Server errors have a five-character code and a severity; socket errors have a word as code and no severity. */
function readFields(error: Error): PgFields {
  const raw = error as Error & Partial<Record<string, unknown>>;
  const read = (name: string) => (typeof raw[name] === 'string' ? raw[name] : '');
  const isServer = read('severity') !== '' && /^[0-9A-Z]{5}$/.test(read('code'));
  return {
    message: error.message,
    sqlState: isServer ? read('code') : '',
    detail: isServer ? read('detail') : '',
    hint: isServer ? read('hint') : '',
    where: isServer ? read('where') : '',
    table: isServer ? read('table') : '',
    column: isServer ? read('column') : '',
    constraint: isServer ? read('constraint') : '',
  };
}

function readCode(error: Error): string {
  const { code } = error as Error & { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** `COPY Snap, line 3, column takenAt: "…"` names the column; the words are not translated by the server's language. */
function columnOfCopy(where: string): string | null {
  return /^COPY .+?, line \d+, column (.+?)(?::|$)/m.exec(where)?.[1] ?? null;
}

/** `Key (id, "a b")=(1, x) already exists.` → `id, "a b"=1, x`. */
function keyOfDetail(fields: PgFields): string | null {
  if (!fields.sqlState.startsWith('23')) return null;
  const match = /\((.+?)\)=\((.*?)\)/s.exec(fields.detail);
  return match === null ? null : `${match[1]}=${printable(match[2] ?? '')}`;
}
