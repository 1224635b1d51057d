import { Socket } from 'node:net';
import type { TargetClient } from './client.js';

/**
 * Whether no network lies between us and the server's end of the connection. A tunnel that begins here counts as the
 * server.
 */
export function isLocal(client: TargetClient): boolean {
  const { stream } = client.raw.connection;
  return stream instanceof Socket && isLocalAddress(stream.remoteAddress);
}

/** A unix socket has no address; 127.0.0.0/8 and ::1 are the loopback (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLocalAddress(address: string | undefined): boolean {
  return address === undefined || /^(::ffff:)?127\.|^::1$/.test(address);
}
