import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TargetAddress } from '../../src/model/target.js';
import { startEmbedded, stopEmbedded } from '../../src/target/embedded/embedded.js';
import { withFolder } from './folder.js';

const run = promisify(execFile);

/** A PostgreSQL of the test's own, which it may kill. */
export interface CrashCluster {
  /** With user and password; stays the same over restarts. */
  readonly url: string;
  readonly address: TargetAddress;
  readonly logPath: string;
  /** PGDATA, which belongs to the server's user. */
  readonly dataFolder: string;
  /** As a power failure: no checkpoint, no goodbye. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** A client on it, closed afterwards. */
  withClient<T>(use: (client: pg.Client) => Promise<T>): Promise<T>;
}

/** Lends a cluster of its own and stops it afterwards, whatever state it is in. */
export async function withCrashCluster(
  use: (cluster: CrashCluster) => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withFolder(async (parent) => {
    const folder = join(parent, 'postgres');
    const settings = { fsync: 'off', shared_buffers: '16MB', ...more };
    const server = await startEmbedded({ folder, settings });
    const { user, password, host, port, database } = server.address;
    const url = `postgres://${user}:${password}@${host}:${port}/${database}`;
    let pid = server.pid;
    try {
      await use({
        url,
        address: server.address,
        logPath: join(server.folder, 'log'),
        dataFolder: join(server.folder, 'data'),
        crash: async () => {
          // SIGQUIT is what pg_ctl stop -m immediate sends.
          process.kill(pid, 'SIGQUIT');
          await untilGone(pid);
        },
        start: async () => {
          ({ pid } = await startEmbedded({ folder, settings }));
        },
        withClient: async (useClient) => {
          const client = new pg.Client({ connectionString: url });
          client.on('error', () => {});
          await client.connect();
          try {
            return await useClient(client);
          } finally {
            await client.end();
          }
        },
      });
    } finally {
      await stopEmbedded(folder);
    }
  });
}

async function untilGone(pid: number): Promise<void> {
  await run('sh', ['-c', `for i in $(seq 500); do kill -0 ${pid} 2>/dev/null || exit 0; sleep 0.02; done; exit 1`]);
}
