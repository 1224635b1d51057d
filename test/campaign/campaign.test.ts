import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { isFull } from '../support/run-count.js';
import { drawOf } from './draw.js';
import { runSchedule } from './schedule.js';

/*
 * The campaign: commands that fail at every point where they leave their own memory, with other people at work. A longer
 * one: PGFERRY_CAMPAIGN=10000, from the seed PGFERRY_SEED on; that seed alone with PGFERRY_CAMPAIGN=1.
 */
const count = Number(process.env['PGFERRY_CAMPAIGN'] ?? (isFull ? 60 : 5));
const firstSeed = Number(process.env['PGFERRY_SEED'] ?? 1);

test('commands that fail anywhere, with others at work: nothing is lost, doubled, hung or wrongly complete', async (t) => {
  const failed: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { steps, wrongs } = await withFolder((folder) =>
      withDatabase((url, client) => runSchedule(folder, url, client, { below: drawOf(seed) })),
    );
    if (wrongs.length > 0) failed.push([`seed ${seed}: ${wrongs.join('; ')}`, ...steps].join('\n  '));
    if (wrongs.length > 0) console.error(failed.at(-1));
    else if (process.env['PGFERRY_STEPS'] === '1') console.error([`seed ${seed}`, ...steps].join('\n  '));
  }
  t.diagnostic(`${count} schedules from seed ${firstSeed} on, ${failed.length} of them wrong`);
  assert.deepEqual(failed, []);
});
