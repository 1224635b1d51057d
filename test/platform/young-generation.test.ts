import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const file = JSON.stringify(new URL('../../src/platform/young-generation.js', import.meta.url).href);

/** A program whose young objects survive: it starts a thread and says how much room they have before and after, in MB. */
const program = (isKept: boolean) => `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const { Worker } = await import('node:worker_threads');
  const { limitYoungGeneration } = await import(${file});
  const room = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 1e6;
  await new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve));
  ${isKept ? 'limitYoungGeneration();' : ''}
  const before = room();
  const kept = [];
  for (let i = 0; i < 2e6; i++) kept[i % 200_000] = { i, list: [i] };
  console.log(JSON.stringify([before, room()]));`;

function measure(isKept: boolean): [before: number, after: number] {
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program(isKept)], { encoding: 'utf8' }),
  );
}

test('the room of young objects stays what it was, where V8 alone would make it many times larger', () => {
  const [before, after] = measure(true);
  assert.ok(after <= Math.max(2 * before, 4.5), `${before} MB became ${after} MB`);
  const [, alone] = measure(false);
  assert.ok(alone >= 16, `V8 alone took ${alone} MB`);
});
