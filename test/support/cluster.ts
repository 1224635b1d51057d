import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded, stopEmbedded } from '../../src/target/embedded/embedded.js';

export interface Cluster {
  /** The url of a database for its superuser, or for a role that the test has made. */
  readonly url: (database: string, role?: { readonly name: string; readonly password: string }) => string;
  readonly stop: () => Promise<void>;
}

/**
 * A PostgreSQL of the test's own, which asks for passwords: roles belong to a whole server, so the shared one gets none.
 * `embedded` is the package with the server, for another version than the one that pgferry starts.
 */
export async function startCluster(embedded?: string): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'pgferry-cluster-'));
  const { address } = await startEmbedded({
    folder: join(folder, 'postgres'),
    settings: { fsync: 'off' },
    ...(embedded === undefined ? {} : { server: { package: embedded, locale: ['--locale=C'] } }),
  });
  const superuser = { name: address.user, password: address.password ?? '' };
  return {
    url: (database, { name, password } = superuser) =>
      `postgresql://${name}:${encodeURIComponent(password)}@${address.host}:${address.port}/${database}`,
    stop: async () => {
      await stopEmbedded(join(folder, 'postgres'));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
