import type { TargetAddress } from '../../model/target.js';
import { isOurSetting } from './session-settings.js';
import { refuseUrl } from './url.js';

/** Decoded names and values of a url's query, in order; a later one of the same name wins. */
export type Parameters = readonly (readonly [string, string])[];

const prismaOnly: ReadonlySet<string> = new Set([
  'connection_limit',
  'pool_timeout',
  'pgbouncer',
  'socket_timeout',
  'statement_cache_size',
  'max_connection_lifetime',
  'max_idle_connection_lifetime',
  'single_use_connections',
]);
const libpqOnly: ReadonlySet<string> = new Set([
  'channel_binding',
  'client_encoding',
  'fallback_application_name',
  'gssencmode',
  'gsslib',
  'hostaddr',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'load_balance_hosts',
  'passfile',
  'require_auth',
  'ssl_max_protocol_version',
  'ssl_min_protocol_version',
  'sslcompression',
  'sslcrl',
  'sslcrldir',
  'sslnegotiation',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
]);
const sslmodes: Readonly<Record<string, TargetAddress['sslmode']>> = {
  disable: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'no-verify': 'require',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
};
const connectTimeoutMaxMs = 600_000;

/** Applies the parameters of a url to the address of its front part. Parameters without effect are named in `notes`. */
export function applyParameters(address: TargetAddress, parameters: Parameters, notes: string[]): TargetAddress {
  const given = new Map(parameters);
  let result = address;
  for (const [name, value] of given) {
    if (name.startsWith('ssl')) continue;
    result = { ...result, ...readParameter(name, value, result, notes) };
  }
  return { ...result, ...readTls(given, notes) };
}

function readParameter(name: string, value: string, address: TargetAddress, notes: string[]): Partial<TargetAddress> {
  if (value === '') return {};
  switch (name) {
    case 'schema':
      return { schema: readSchema(value) };
    case 'host':
      return { host: readHost(value) };
    case 'port':
      return { port: readNumber(name, value, 1, 65535) };
    case 'user':
      return { user: value };
    case 'password':
      return { password: value };
    case 'dbname':
      return { database: value };
    case 'connect_timeout':
      return { connectTimeoutMs: readTimeout(value, notes) };
    case 'application_name':
      return { settings: { ...address.settings, application_name: value } };
    case 'options':
      return { settings: { ...address.settings, ...readOptions(value, notes) } };
    default:
      notes.push(noteFor(name));
      return {};
  }
}

/**
 * A parameter's name is repeated only where it looks like a name: text that a stray `?` or `&` cuts off may be a piece
 * of the password.
 */
function noteFor(name: string): string {
  if (!/^[a-z][\w-]{0,40}$/i.test(name)) return 'a parameter of the target url is not known and is ignored';
  if (prismaOnly.has(name)) return `${name} in the target url is for Prisma's own pool and is ignored`;
  if (libpqOnly.has(name)) return `${name} in the target url is not supported and is ignored`;
  return `${name} in the target url is not known and is ignored`;
}

/** Our own schema holds the ledger and the quarantine of every other one; as a target it could be emptied or dropped. */
function readSchema(value: string): string {
  if (value === 'pgferry')
    throw refuseUrl('the target url names the schema pgferry, which holds the ledger', 'name another with ?schema=');
  return value;
}

function readHost(value: string): string {
  if (value.includes(','))
    throw refuseUrl('host in the target url names more than one', 'name the primary server alone');
  return value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value;
}

/** connect_timeout is in seconds; 0 means for ever in libpq, which we bound. */
function readTimeout(value: string, notes: string[]): number {
  const ms = readNumber('connect_timeout', value, 0, Number.MAX_SAFE_INTEGER / 1000) * 1000;
  if (ms > 0 && ms <= connectTimeoutMaxMs) return ms;
  notes.push(`connect_timeout=${value} in the target url is taken as ${connectTimeoutMaxMs / 1000} seconds`);
  return connectTimeoutMaxMs;
}

/** `-c name=value`, `-cname=value` and `--name=value`, with a backslash before a space in a value, as `postgres` reads them. */
function readOptions(text: string, notes: string[]): Record<string, string> {
  const words = text.match(/(?:\\.|[^\s\\])+/gs)?.map((word) => word.replace(/\\(.)/gs, '$1')) ?? [];
  const settings: Record<string, string> = {};
  for (let i = 0; i < words.length; i++) {
    let word = words[i] ?? '';
    if (word === '-c') word = `-c${words[++i] ?? ''}`;
    const setting = /^(?:-c|--)([A-Za-z_][\w.-]*)=(.*)$/s.exec(word);
    if (setting === null) {
      notes.push('a part of options in the target url is not of the form -c name=value and is ignored');
      continue;
    }
    const name = (setting[1] ?? '').replaceAll('-', '_');
    if (isOurSetting(name)) notes.push(`options in the target url set ${name}, which pgferry sets itself; ignored`);
    else settings[name] = setting[2] ?? '';
  }
  return settings;
}

/**
 * libpq's and Prisma's words for TLS. `sslcert` without `sslkey` is Prisma's name for the root certificate. Prisma's
 * `sslaccept=strict` checks certificate and host name.
 */
function readTls(given: ReadonlyMap<string, string>, notes: string[]): Partial<TargetAddress> {
  const text = (name: string) => given.get(name) || null;
  refuseTls(text);
  const cert = text('sslcert');
  const key = text('sslkey');
  const isPrismaRoot = cert !== null && key === null && text('sslrootcert') === null;
  if (isPrismaRoot)
    notes.push('sslcert without sslkey in the target url is taken as the root certificate, as in Prisma');
  const root = isPrismaRoot ? cert : text('sslrootcert');
  for (const name of given.keys()) {
    if (name.startsWith('ssl') && !tlsNames.has(name)) notes.push(noteFor(name));
  }
  return {
    sslmode: readSslmode(text, notes),
    sslRootCertPath: root === 'system' ? null : root,
    sslCertPath: isPrismaRoot ? null : cert,
    sslKeyPath: key,
  };
}

const tlsNames: ReadonlySet<string> = new Set(['sslmode', 'sslaccept', 'sslcert', 'sslkey', 'sslrootcert']);

function refuseTls(text: (name: string) => string | null): void {
  if (text('sslidentity') !== null || text('sslpassword') !== null) {
    throw refuseUrl(
      'sslidentity and sslpassword in the target url are not supported',
      'unpack the key once with `openssl pkcs12 -nodes`, and name sslcert and sslkey instead',
    );
  }
  if (text('sslkey') !== null && text('sslcert') === null) {
    throw refuseUrl('the target url has sslkey without sslcert', 'name the client certificate as sslcert as well');
  }
  if (text('sslcert') !== null && text('sslkey') === null && text('sslrootcert') !== null) {
    throw refuseUrl('the target url has a client certificate without its key', 'name the key as sslkey as well');
  }
}

function readSslmode(text: (name: string) => string | null, notes: string[]): TargetAddress['sslmode'] {
  const word = text('sslmode');
  const accept = text('sslaccept');
  if (word !== null && !Object.hasOwn(sslmodes, word)) {
    throw refuseUrl('sslmode in the target url is not known', `use one of ${Object.keys(sslmodes).join(', ')}`);
  }
  if (accept !== null && accept !== 'strict' && accept !== 'accept_invalid_certs') {
    throw refuseUrl('sslaccept in the target url is not known', 'use strict or accept_invalid_certs');
  }
  if (word === 'allow') notes.push('sslmode=allow in the target url is taken as prefer');
  const mode =
    (word === null ? undefined : sslmodes[word]) ?? (text('sslrootcert') === 'system' ? 'verify-full' : 'prefer');
  if (accept === null || mode === 'disable') return mode;
  if (accept === 'strict') return 'verify-full';
  if (mode.startsWith('verify'))
    notes.push('sslaccept=accept_invalid_certs is ignored, since sslmode asks for a check');
  return mode;
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw refuseUrl(`${name} in the target url is not a whole number from ${min} to ${max}`, `correct ${name}`);
}
