import type { ConnectionOptions } from 'node:tls';
import type Pg from 'pg';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import { TargetClient, type WatchedOptions } from './client.js';
import { findPassword } from './password.js';
import { pg } from './pg.js';
import { refuseSharedBackends } from './pooler.js';
import { applySettings } from './session.js';
import { tlsOptions } from './tls.js';

const keepAliveDelayMs = 10_000;

/** The second client of the question whether a pooler shares backends must not wait for ever. */
const checking = { applicationName: 'pgferry look', stallPolicy: { limitMs: 10_000 }, lockPolicy: null };

/**
 * A client with the session settings in force; the caller must close() it. A failure leaves nothing open, and nothing is
 * set before it is sure that no other session shares the backend (`target.pooler`).
 */
export async function openTarget(address: TargetAddress, options: WatchedOptions): Promise<TargetClient> {
  const client = await openClient(address, options);
  try {
    await refuseSharedBackends(client, () => openClient(address, { ...checking, ...signalOf(options) }));
    await applySettings(client);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function signalOf({ signal }: WatchedOptions): Pick<WatchedOptions, 'signal'> {
  return signal === undefined ? {} : { signal };
}

/** With sslmode prefer, a server without TLS is spoken to in plain text, as libpq does. */
async function openClient(address: TargetAddress, options: WatchedOptions): Promise<TargetClient> {
  const ssl = await tlsOptions(address);
  try {
    return await openWith(address, options, ssl);
  } catch (error) {
    if (address.sslmode !== 'prefer' || !(error instanceof CopierError) || error.code !== 'target.tls') throw error;
    return await openWith(address, options, false);
  }
}

async function openWith(
  address: TargetAddress,
  options: WatchedOptions,
  ssl: false | ConnectionOptions,
): Promise<TargetClient> {
  const client = new TargetClient(address, clientConfig(address, options, ssl), options);
  await client.connect();
  return client;
}

function clientConfig(
  address: TargetAddress,
  options: WatchedOptions,
  ssl: false | ConnectionOptions,
): Pg.ClientConfig {
  return {
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    // pg accepts undefined for "no password", but its types do not.
    password: () => findPassword(address) as Promise<string>,
    ssl,
    application_name: options.applicationName,
    connectionTimeoutMillis: address.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    types: { getTypeParser: readType as typeof Pg.types.getTypeParser },
  };
}

/** date, timestamp, timestamptz, interval and their arrays: a Date holds only milliseconds of a smaller range. */
const textTypes: ReadonlySet<number> = new Set([1082, 1114, 1184, 1186, 1182, 1115, 1185, 1187]);

function readType(oid: number, format?: 'text' | 'binary'): unknown {
  if (textTypes.has(oid) && format !== 'binary') return (text: string) => text;
  return pg.types.getTypeParser(oid, format as 'text');
}
