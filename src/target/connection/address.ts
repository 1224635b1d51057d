import type { TargetAddress } from '../../model/target.js';
import { decodePercent, refuseUrl, splitUrl, type UrlParts } from './url.js';
import { applyParameters, type Parameters } from './url-parameters.js';

export interface ParsedTarget {
  readonly address: TargetAddress;
  /** What was ignored or understood in another way than written; never holds a password. */
  readonly notes: readonly string[];
}

const defaultPort = 5432;
const defaultConnectTimeoutMs = 10_000;

/**
 * Reads a target url: postgres:// or postgresql://, as libpq (documentation, "Connection URIs") and Prisma write it.
 * Passwords may be percent-encoded or raw. A url that cannot be read is `usage.target_url`; since any part of a broken
 * url may be a piece of the password, the message says what is wrong but repeats nothing of the url.
 */
export function parseTargetUrl(url: string): ParsedTarget {
  const parts = splitUrl(url.trim());
  const notes: string[] = [];
  const start = {
    host: hostOf(parts),
    port: portOf(parts.port),
    database: decodePercent(parts.database),
    user: decodePercent(parts.user),
    password: passwordOf(parts, notes),
    schema: 'public',
    sslmode: 'prefer',
    sslRootCertPath: null,
    sslCertPath: null,
    sslKeyPath: null,
    connectTimeoutMs: defaultConnectTimeoutMs,
    settings: {},
  } as const satisfies TargetAddress;
  const parameters: Parameters = parts.parameters.map(([name, value]) => [decodePercent(name), decodePercent(value)]);
  const address = applyParameters(start, parameters, notes);
  if (address.user === '') throw refuseUrl('the target url names no user');
  const whole = { ...address, database: address.database || address.user };
  refuseNul(whole);
  return { address: whole, notes };
}

/** The address as a url for people and logs: everything that matters, without the password. */
export function describeTarget(address: TargetAddress): string {
  const { host, port, schema } = address;
  const isSocket = host.startsWith('/');
  const hostAndPort = isSocket ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const socket = isSocket ? `host=${encodeURI(host)}&port=${port}&` : '';
  const database = encodeURIComponent(address.database);
  return `postgresql://${encodeURIComponent(address.user)}@${hostAndPort}/${database}?${socket}schema=${encodeURIComponent(schema)}`;
}

function portOf(text: string): number {
  if (text === '') return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw refuseUrl('the port in the target url is not a number from 1 to 65535');
}

function hostOf({ host }: UrlParts): string {
  if (host === '') return 'localhost';
  if (host.includes(',')) throw refuseUrl('the target url names more than one host', 'name the primary server alone');
  return decodePercent(host.startsWith('[') ? host.slice(1, -1) : host);
}

function passwordOf({ password }: UrlParts, notes: string[]): string | null {
  if (password === null || password === '') return null;
  if (/%(?![0-9a-fA-F]{2})/.test(password))
    notes.push('the password has a % that is no escape; it is taken as written');
  return decodePercent(password);
}

function refuseNul(address: TargetAddress): void {
  const texts = Object.values(address).filter((value) => typeof value === 'string');
  if (!texts.some((text) => text.includes('\0'))) return;
  throw refuseUrl('the target url holds a nul byte', 'remove %00 from it');
}
