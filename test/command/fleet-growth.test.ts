import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getActiveResourcesInfo, platform } from 'node:process';
import { test } from 'node:test';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fleet } from '../../src/pgferry.js';
import { withDatabase } from '../support/database.js';
import { makeTenants } from '../support/fleet.js';
import { withFolder } from '../support/folder.js';

/** What a process holds beside memory; the sockets of ended connections are given a moment. */
function held(signal: AbortSignal) {
  return {
    files: platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    threads: platform === 'linux' ? readdirSync('/proc/self/task').length : 0,
    resources: getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length,
    listeners: getEventListeners(signal, 'abort').length,
    detached: getHeapStatistics().number_of_detached_contexts,
  };
}

test('a worker holds no more after many files than after a few: files, sockets, threads, listeners and heap', async () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const stop = new AbortController();
      const common = { targetUrl: url, backupFolder: join(folder, 'backups'), signal: stop.signal };
      const work = async (name: string, count: number) => {
        makeTenants(join(folder, name), { count, prefix: name });
        const fleetName = name;
        await fleet({ ...common, action: 'enqueue', fleetName, fleetSources: join(folder, name, '*.db') });
        const done = await fleet({
          ...common,
          action: 'work',
          fleetName,
          concurrency: 1,
          workers: 1,
          fromSource: true,
        });
        assert.equal(done.counts.done, count, JSON.stringify(done.files));
        await new Promise((resolve) => setTimeout(resolve, 100));
        collect();
        return { ...held(stop.signal), heapBytes: getHeapStatistics().used_heap_size };
      };
      const few = await work('few', 4);
      const many = await work('many', 16);
      const { heapBytes, ...rest } = many;
      const { heapBytes: heapBefore, ...before } = few;
      assert.deepEqual(rest, before);
      // Code that is compiled as it gets warm is part of the heap too.
      assert.ok(
        heapBytes - heapBefore < 6_000_000,
        `the heap has grown by ${heapBytes - heapBefore} bytes over 16 files`,
      );
    }),
  );
});
