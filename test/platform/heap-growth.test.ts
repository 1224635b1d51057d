import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const file = JSON.stringify(new URL('../../src/platform/heap.js', import.meta.url).href);

/** A program whose young objects survive: it starts a thread and says how much room they have before and after, in MB. */
const program = (isKept: boolean) => `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const { Worker } = await import('node:worker_threads');
  const { limitHeapGrowth } = await import(${file});
  const room = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 1e6;
  await new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve));
  ${isKept ? 'limitHeapGrowth();' : ''}
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

/** A program most of whose objects are old before they are garbage; says to how many MB its heap grew. */
const agingProgram = (isKept: boolean) => `
  const { limitHeapGrowth } = await import(${file});
  ${isKept ? 'limitHeapGrowth();' : ''}
  const kept = [];
  let most = 0;
  for (let i = 0; i < 4e6; i++) {
    kept[i % 100_000] = { i, list: [i] };
    if (i % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  console.log(most / 1e6);`;

test('garbage among old objects is looked for sooner than V8 alone would', () => {
  const run = (isKept: boolean) =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', agingProgram(isKept)], { encoding: 'utf8' }));
  const [kept, alone] = [run(true), run(false)];
  assert.ok(kept < 0.45 * alone, `${kept} MB, and ${alone} MB by V8 alone`);
});
