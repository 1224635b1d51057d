import { CopierError, type ErrorCode } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';

/** What the caller knew when Postgres or the socket failed; all of it may be shown, the password never is. */
export interface PgErrorContext {
  readonly address?: TargetAddress;
  readonly table?: string;
  readonly column?: string;
  /** What was being done, as the start of a sentence: `create index "Snap_idx"`. */
  readonly doing?: string;
}

interface Translation {
  readonly code: ErrorCode;
  readonly hint: string;
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

const unreachable: Translation = {
  code: 'target.unreachable',
  hint: 'check host and port in the target url, that the server runs, and that a firewall lets us through',
};
const auth: Translation = {
  code: 'target.auth',
  hint: 'check user and password in the target url (or PGPASSWORD, PGPASSFILE), and pg_hba.conf on the server',
};
const noPassword: Translation = {
  code: 'target.auth',
  hint: 'give one in the target url (postgresql://USER:PASSWORD@…), PGPASSWORD or PGPASSFILE',
};
const connectionLost: Translation = {
  code: 'target.connection_lost',
  hint: 'check that the server is up, then run the same command again: finished chunks are not sent twice',
};
const tls: Translation = {
  code: 'target.tls',
  hint: 'check sslmode, sslrootcert, sslcert and sslkey in the target url against the settings of the server',
};
const untrusted: Translation = {
  code: 'target.tls',
  hint: "name the server's certificate, or that of its authority, with sslrootcert=FILE in the target url; sslmode=require encrypts without asking who answers",
};
const wrongName: Translation = {
  code: 'target.tls',
  hint: 'use the host name for which the certificate was made out, or sslmode=verify-ca, which asks for the authority but not for the name',
};
const noTls: Translation = {
  code: 'target.tls',
  hint: 'turn on ssl on the server, or, where the network is safe, put sslmode=disable into the target url',
};
const wantsTls: Translation = {
  code: 'target.auth',
  hint: 'check pg_hba.conf on the server: where it lets nobody in without TLS, put sslmode=require into the target url',
};
const tooFewLocks: Translation = {
  code: 'target.too_few_locks',
  hint: 'raise max_locks_per_transaction of the server (one for each table and index of the schema, divided by max_connections, and as many again), restart it, and run again',
};
const rejected: Translation = {
  code: 'data.rejected',
  hint: 'correct the row in the source, or the column or constraint in the target, and run again',
};
const failed: Translation = {
  code: 'target.failed',
  hint: 'read the message of postgres above; its log has the statement',
};

const socketCodes: Readonly<Record<string, Translation>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
  ENOENT: unreachable,
  ENOTSOCK: unreachable,
  EACCES: unreachable,
  ECONNRESET: connectionLost,
  EPIPE: connectionLost,
  ECONNABORTED: connectionLost,
  ENOTCONN: connectionLost,
  EPROTO: tls,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongName,
  CERT_HAS_EXPIRED: tls,
  CERT_NOT_YET_VALID: tls,
  CERT_UNTRUSTED: tls,
  CERT_REVOKED: tls,
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; a whole class is listed by its two characters. */
const sqlStates: Readonly<Record<string, Translation>> = {
  '08': connectionLost,
  '57P01': connectionLost,
  '57P02': connectionLost,
  '57P03': connectionLost,
  '57P04': { code: 'target.no_database', hint: 'the database was dropped while we worked; make it again and rerun' },
  '57P05': connectionLost,
  '28': auth,
  '3D000': { code: 'target.no_database', hint: 'create the database, or correct its name in the target url' },
  '3F000': { code: 'target.no_schema', hint: 'create the schema with `pgferry init`, or correct ?schema= in the url' },
  '42501': {
    code: 'target.no_rights',
    hint: 'grant the missing rights to the role of the target url, or use the owner',
  },
  '53100': {
    code: 'target.disk_full',
    hint: 'make room on the disk of the server, then run the same command again: it resumes',
  },
  '53200': { code: 'target.out_of_memory', hint: 'lower --maintenance-work-mem or --connections, and run again' },
  '53300': {
    code: 'target.too_many_connections',
    hint: 'lower --connections and --workers, or raise max_connections or the connection limit of the role',
  },
  '25006': {
    code: 'target.read_only',
    hint: 'the server is a standby or set read-only; name the primary, or set default_transaction_read_only off',
  },
  '40P01': { code: 'target.deadlock', hint: 'another session locks the same tables; end it, then run again' },
  '40001': { code: 'target.deadlock', hint: 'another session changes the same rows; end it, then run again' },
  '55P03': { code: 'target.locked', hint: 'another session holds a lock on the table; end it, then run again' },
  '55006': { code: 'target.locked', hint: 'another session uses the object; end it, then run again' },
  '57014': { code: 'target.cancelled', hint: 'somebody cancelled our statement on the server; run again' },
  '22': rejected,
  '23': rejected,
  '54': rejected,
  '0A000': { code: 'target.unsupported', hint: 'this server cannot do what was asked; see its version and settings' },
  '58': { code: 'target.io', hint: 'the server had trouble with its files; read its log before running again' },
  XX001: { code: 'target.corrupt', hint: 'the server found damaged pages; restore it before running again' },
  XX002: { code: 'target.corrupt', hint: 'the server found a damaged index; REINDEX it before running again' },
};

/** Messages of pg itself, which carry no code. */
const clientMessages: readonly (readonly [RegExp, Translation])[] = [
  [/^timeout expired$/, unreachable],
  [/does not support SSL/, noTls],
  [/establishing an SSL connection/, tls],
  [/client password must be/, noPassword],
  [/^SASL/, auth],
  [/^Connection terminated|not queryable|Cannot use a closed|socket has been ended/, connectionLost],
];

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
  const translation = findTranslation(error, fields, context);
  if (translation === null) return error;
  return new CopierError(translation.code, wording(translation, fields, error, context), {
    hint: translation.hint,
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

function findTranslation(error: Error, fields: PgFields, { address }: PgErrorContext): Translation | null {
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

function wording(translation: Translation, fields: PgFields, error: Error, context: PgErrorContext): string {
  const server = context.address === undefined ? 'postgres' : `postgres at ${serverOf(context.address)}`;
  if (translation === noPassword)
    return `${server} wants a password for ${context.address?.user ?? 'us'}, and none was given`;
  const said = printable(fields.message || readCode(error) || 'no reason given');
  const text = `${opening(translation, server, context)}: ${said}`;
  const isNamed = fields.constraint === '' || fields.message.includes(fields.constraint);
  const extras = [fields.detail.replace(/\.$/, ''), isNamed ? '' : `constraint ${fields.constraint}`, fields.where];
  return [text, ...extras.filter((extra) => extra !== '').map(printable)].join('; ');
}

function opening(translation: Translation, server: string, context: PgErrorContext): string {
  if (translation === unreachable) return `cannot reach ${server}`;
  if (translation === connectionLost) return `lost the connection to ${server}`;
  if (translation.code === 'target.tls') return `no secure connection to ${server}`;
  if (translation.code === 'target.auth') return `${server} does not let ${context.address?.user ?? 'us'} in`;
  if (context.doing !== undefined) return `${context.doing} failed`;
  if (translation === rejected) return `${server} rejects the data`;
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
