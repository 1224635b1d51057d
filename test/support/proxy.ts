import { connect, createServer, type Server, type Socket } from 'node:net';

/** One connection through the proxy, numbered from 0 in the order of arrival. */
export interface ProxiedPair {
  readonly number: number;
  /** The side of pgferry. */
  readonly client: Socket;
  /** The side of Postgres. */
  readonly server: Socket;
  /** Bytes that came from pgferry so far. */
  sent: number;
  /** What came from pgferry goes no further from now on, and nothing comes back; both sides stay open. */
  freeze(): void;
  /** Both sides see a reset. */
  reset(): void;
}

export interface TcpProxy {
  /** The url, led through the proxy. */
  readonly url: string;
  readonly pairs: readonly ProxiedPair[];
}

export interface ProxyRules {
  /** Called with each piece from pgferry before it is passed on; false keeps it back for ever. */
  readonly onSend?: (pair: ProxiedPair, bytes: Buffer) => boolean;
  /** The same for pieces from Postgres. */
  readonly onAnswer?: (pair: ProxiedPair, bytes: Buffer) => boolean;
  /** Bytes per second that a connection carries each way, null for as fast as it can. */
  readonly paceOf?: (pair: ProxiedPair) => number | null;
}

/** Lends a TCP proxy in front of the server of a url, which can cut, reset and freeze connections at any byte. */
export async function withProxy<T>(url: string, rules: ProxyRules, use: (proxy: TcpProxy) => Promise<T>): Promise<T> {
  const behind = new URL(url);
  const pairs: ProxiedPair[] = [];
  const server = createServer({ allowHalfOpen: true }, (client) => {
    pairs.push(join(client, pairs.length, behind, rules));
  });
  await listen(server);
  const { port } = server.address() as { port: number };
  const front = new URL(url);
  front.hostname = '127.0.0.1';
  front.port = String(port);
  try {
    return await use({ url: front.href, pairs });
  } finally {
    for (const { client, server: other } of pairs) {
      client.destroy();
      other.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function join(client: Socket, number: number, behind: URL, rules: ProxyRules): ProxiedPair {
  const server = connect({ port: Number(behind.port || 5432), host: behind.hostname, allowHalfOpen: true });
  let isFrozen = false;
  const pair: ProxiedPair = {
    number,
    client,
    server,
    sent: 0,
    freeze: () => {
      isFrozen = true;
      client.pause();
      server.pause();
    },
    reset: () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    },
  };
  const pace = () => rules.paceOf?.(pair) ?? null;
  pass(client, server, pace, (bytes) => {
    const mayPass = !isFrozen && rules.onSend?.(pair, bytes) !== false && !isFrozen;
    pair.sent += bytes.length;
    return mayPass;
  });
  pass(server, client, pace, (bytes) => !isFrozen && rules.onAnswer?.(pair, bytes) !== false && !isFrozen);
  return pair;
}

/** Passes bytes and the end of a stream on, with back-pressure, so that a slow side is felt on the other. */
function pass(from: Socket, to: Socket, pace: () => number | null, mayPass: (bytes: Buffer) => boolean): void {
  from.on('data', (bytes: Buffer) => {
    if (!mayPass(bytes) || to.destroyed) return;
    const isFull = !to.write(bytes);
    const bytesPerSecond = pace();
    if (bytesPerSecond !== null) {
      from.pause();
      setTimeout(() => from.resume(), (bytes.length / bytesPerSecond) * 1000);
    } else if (isFull) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
