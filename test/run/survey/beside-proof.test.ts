import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Snapshot } from '../../../src/model/source.js';
import type { Context } from '../../../src/run/context.js';
import { Journal } from '../../../src/run/journal.js';
import { besideProof, type UnprovenSnapshot } from '../../../src/run/survey/beside-proof.js';
import type { TakenSnapshot } from '../../../src/source/snapshot/snapshot.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

async function beside<T>(
  prove: () => Promise<Snapshot>,
  use: (lent: UnprovenSnapshot) => Promise<T>,
  signal = new AbortController().signal,
): Promise<T> {
  return await withFolder(async (folder) => {
    const path = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const taken = { path, sourcePath: path } as TakenSnapshot;
    const context = { settings: {}, journal: new Journal(), signal } as unknown as Context;
    return await besideProof(context, { watched: { taken, prove, counted: Promise.resolve([]) }, address: null }, use);
  });
}

const damaged = new Error('damaged');
const proven = { path: 'p' } as Snapshot;
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));

test('a snapshot is read while it is proven, and nothing comes of what was read before the proof has', async () => {
  const events: string[] = [];
  let end = () => {};
  const prove = async () => {
    await new Promise<void>((done) => {
      end = done;
    });
    events.push('proven');
    return proven;
  };
  const use = async ({ catalog }: UnprovenSnapshot) => {
    events.push(`read ${catalog.tables.map(({ name }) => name).join()}`);
    void setImmediate().then(() => end());
    return 'found';
  };
  assert.equal(await beside(prove, use), 'found');
  assert.deepEqual(events, ['read t', 'proven']);
});

test('where the proof fails, what reads the snapshot is ended, and the error is that of the proof', async () => {
  const fail = async () => {
    await setImmediate();
    throw damaged;
  };
  await assert.rejects(
    beside(fail, async ({ context }) => await aborted(context.signal)),
    damaged,
  );
  await assert.rejects(
    beside(fail, async ({ proof }) => await proof),
    damaged,
  );
  // A reader may stumble first over what the proof names better.
  await assert.rejects(
    beside(fail, () => Promise.reject(new Error('no such table'))),
    damaged,
  );
  await assert.rejects(
    beside(fail, async () => 'found'),
    damaged,
  );
});

test('an error of what reads a sound snapshot is its own, and so is an abort from outside', async () => {
  const failed = new Error('failed');
  await assert.rejects(
    beside(
      async () => proven,
      () => Promise.reject(failed),
    ),
    failed,
  );
  const outside = new AbortController();
  const reading = beside(
    async () => proven,
    async ({ context }) => {
      void setImmediate().then(() => outside.abort());
      return await aborted(context.signal);
    },
    outside.signal,
  );
  await assert.rejects(reading, /ended/);
});

test('any number of jobs may wait for the signal, and Node does not warn the operator of it', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  await beside(
    async () => proven,
    async ({ context }) => {
      for (let job = 0; job < 20; job += 1) context.signal.addEventListener('abort', () => job);
      await setImmediate();
    },
  );
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});
