import type { ErrorCode } from '../../model/error.js';

/** What an error of the server or of the socket is called here, and what to do about it. */
export interface ErrorMeaning {
  readonly code: ErrorCode;
  readonly hint: string;
}

export const unreachable: ErrorMeaning = {
  code: 'target.unreachable',
  hint: 'check host and port in the target url, that the server runs, and that a firewall lets us through',
};
export const auth: ErrorMeaning = {
  code: 'target.auth',
  hint: 'check user and password in the target url (or PGPASSWORD, PGPASSFILE), and pg_hba.conf on the server',
};
export const noPassword: ErrorMeaning = {
  code: 'target.auth',
  hint: 'give one in the target url (postgresql://USER:PASSWORD@…), PGPASSWORD or PGPASSFILE',
};
export const connectionLost: ErrorMeaning = {
  code: 'target.connection_lost',
  hint: 'check that the server is up, then run the same command again: finished chunks are not sent twice',
};
export const tls: ErrorMeaning = {
  code: 'target.tls',
  hint: 'check sslmode, sslrootcert, sslcert and sslkey in the target url against the settings of the server',
};
const untrusted: ErrorMeaning = {
  code: 'target.tls',
  hint: "name the server's certificate, or that of its authority, with sslrootcert=FILE in the target url; sslmode=require encrypts without asking who answers",
};
const wrongName: ErrorMeaning = {
  code: 'target.tls',
  hint: 'use the host name for which the certificate was made out, or sslmode=verify-ca, which asks for the authority but not for the name',
};
const noTls: ErrorMeaning = {
  code: 'target.tls',
  hint: 'turn on ssl on the server, or, where the network is safe, put sslmode=disable into the target url',
};
export const wantsTls: ErrorMeaning = {
  code: 'target.auth',
  hint: 'check pg_hba.conf on the server: where it lets nobody in without TLS, put sslmode=require into the target url',
};
export const tooFewLocks: ErrorMeaning = {
  code: 'target.too_few_locks',
  hint: 'raise max_locks_per_transaction of the server (one for each table and index of the schema, divided by max_connections, and as many again), restart it, and run again',
};
export const rejected: ErrorMeaning = {
  code: 'data.rejected',
  hint: 'correct the row in the source, or the column or constraint in the target, and run again',
};
export const failed: ErrorMeaning = {
  code: 'target.failed',
  hint: 'read the message of postgres above; its log has the statement',
};

export const socketCodes: Readonly<Record<string, ErrorMeaning>> = {
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
export const sqlStates: Readonly<Record<string, ErrorMeaning>> = {
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
export const clientMessages: readonly (readonly [RegExp, ErrorMeaning])[] = [
  [/^timeout expired$/, unreachable],
  [/does not support SSL/, noTls],
  [/establishing an SSL connection/, tls],
  [/client password must be/, noPassword],
  [/^SASL/, auth],
  [/^Connection terminated|not queryable|Cannot use a closed|socket has been ended/, connectionLost],
];
