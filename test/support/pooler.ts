import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chooseUser } from '../../src/target/embedded/server-user.js';
import { withFolder } from './folder.js';

export const hasPooler = spawnSync('pgbouncer', ['--version'], { stdio: 'ignore' }).status === 0;

export interface PoolerOptions {
  readonly mode: 'session' | 'transaction' | 'statement';
  /** How many backends a pool has. */
  readonly size: number;
}

/** Lends a real PgBouncer in front of the server of a url, with the url that leads through it. */
export async function withPooler<T>(
  behind: string,
  { mode, size }: PoolerOptions,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const server = new URL(behind);
  const port = await freePort();
  return await withFolder(async (folder) => {
    const [user, password] = [server.username, decodeURIComponent(server.password)];
    const settings = [
      '[databases]',
      `* = host=${server.hostname} port=${server.port} user=${user} password=${password}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
      `auth_type = any\npool_mode = ${mode}\ndefault_pool_size = ${size}`,
    ];
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(file, settings.join('\n'), { mode: 0o600 });
    // PgBouncer refuses to run as root.
    const runAs = await chooseUser();
    if (runAs !== null) {
      chmodSync(folder, 0o711);
      chownSync(file, runAs.uid, runAs.gid);
    }
    const child = spawn('pgbouncer', ['-q', file], { stdio: 'ignore', ...runAs });
    try {
      await untilListening(port);
      const url = new URL(behind);
      url.host = `127.0.0.1:${port}`;
      return await use(url.href);
    } finally {
      const over = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await over;
      }
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await wait(20);
    } finally {
      socket.destroy();
    }
  }
}
