import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CopierError } from '../../../src/model/error.js';
import { openMetrics } from '../../../src/report/progress/metrics.js';
import { metricsText } from '../../../src/report/progress/metrics-text.js';
import { withFolder } from '../../support/folder.js';
import { migrationInCopy } from './events.js';

test('the text has a line per number, which Prometheus can read', () => {
  const facts = { version: '1"\\\n', atSeconds: 1700, ended: null };
  const text = metricsText(migrationInCopy().view(), facts);
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) pgferry_\w+ .+|pgferry_\w+\{(\w+="([^"\\]|\\.)*",?)+\} -?[\d.]+(e[+-]\d+)?)$/);
  assert.match(text, /^pgferry_phase_done\{command="migrate",phase="copy",unit="rows"\} 12345678$/m);
  assert.match(text, /^pgferry_phase_total\{command="migrate",phase="copy",unit="rows"\} 45000000$/m);
  assert.match(text, /^pgferry_phase_running\{command="migrate",phase="copy"\} 1$/m);
  assert.match(text, /^pgferry_running\{command="migrate"\} 1$/m);
  assert.doesNotMatch(text, /exit_code/);
  assert.match(
    metricsText(migrationInCopy().view(), { ...facts, ended: { exitCode: 3 } }),
    /^pgferry_exit_code\{.*\} 3$/m,
  );
});

test('the file is replaced, nothing stays beside it, and a file that cannot be written is named at once', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'pgferry.prom');
    const metrics = await openMetrics({ run: migrationInCopy(), version: '1', path, port: null });
    assert.match(readFileSync(path, 'utf8'), /^pgferry_running\{.*\} 1$/m);
    metrics.close({ exitCode: 0 });
    assert.match(readFileSync(path, 'utf8'), /^pgferry_exit_code\{.*\} 0$/m);
    assert.deepEqual(readdirSync(folder), ['pgferry.prom']);
    mkdirSync(join(folder, 'is-a-folder'));
    const bad = openMetrics({ run: migrationInCopy(), version: '1', path: join(folder, 'is-a-folder'), port: null });
    await assert.rejects(bad, (error: CopierError) => error instanceof CopierError && error.code === 'usage.metrics');
    assert.deepEqual(readdirSync(folder).sort(), ['is-a-folder', 'pgferry.prom']);
  });
});
