import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { withFolder } from '../support/folder.js';
import type { AcceptResult } from '../../src/model/shadow.js';
import { acceptancePage } from '../../src/report/page/acceptance-page.js';
import type { AcceptancePage } from '../../src/report/page/page-data.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const skip =
  executablePath === undefined
    ? 'NO CHROMIUM on this machine: the report was NOT looked at in a browser. Install the package chromium.'
    : false;
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const hostile = '</style><script>document.title="owned"</script><img src=x onerror="document.title=1">"\'&';

/** A page that holds something of everything, with names that are long, and names that are HTML. */
function pageOf(isEqual: boolean): AcceptancePage {
  const sides = <T>(source: T, target: T = source) => ({ source, target });
  const names = ['User', hostile, 'n'.repeat(63), 'a table with "quotes"'];
  const hash = 'ab'.repeat(32);
  const result: AcceptResult = {
    ok: isEqual,
    command: 'accept',
    runId: 'abc',
    runDir: '/srv/app/it is here',
    durationMs: 12_345,
    tables: names.map((table) => ({
      table,
      sourceRows: 1_234_567,
      copiedRows: 0,
      quarantinedRows: 0,
      targetRows: isEqual ? 1_234_567 : 1,
      keyset: sides(hash),
      columns: [{ column: 'a', nulls: sides(1), empty: sides(2), fingerprint: sides('') }],
      ok: isEqual,
    })),
    findings: [
      {
        severity: 'warning',
        code: 'plan.name',
        table: hostile,
        column: 'c',
        key: null,
        message: hostile,
        hint: hostile,
      },
    ],
    phases: [{ name: 'compare', ms: 1200 }],
    source: '/srv/app/app.db',
    target: 'postgresql://app@db/app?schema=public',
    snapshot: {
      path: '/srv/s.db',
      sourcePath: '/srv/app/app.db',
      bytes: 1,
      sha256: hash,
      takenAt: '2026-11-25T22:00:00Z',
    },
    chunksResumed: 0,
    chunksCopied: 0,
    bytesCopied: 0,
    differences: isEqual
      ? []
      : names.map((table) => ({ table, key: 'id=1', kind: 'changed', column: 'name', source: `'a'`, target: `'a '` })),
    objects: [],
    reads: names.map((name) => ({
      name,
      why: 'by its key',
      table: name,
      sql: sides(`SELECT '${'x'.repeat(300)}'`),
      rows: sides(50),
      ms: sides(0.1, 2),
      verdict: isEqual ? 'equal' : 'differs',
      differences: [],
      explanations: [hostile],
    })),
    keysets: names.map((table) => ({
      table,
      columns: ['id'],
      origin: 'primary',
      leftOut: [],
      rows: sides(1),
      sha256: sides(hash),
      sql: sides(''),
      isKept: false,
      ok: true,
    })),
  };
  const chunks = Array.from({ length: 900 }, (_, i) => ({
    table: names[i % names.length] ?? '',
    index: i,
    rows: 100,
    bytes: 1000,
    startedAtMs: 1_764_108_000_000 + Math.floor(i / 3) * 100 + (i > 600 ? 900_000 : 0),
    endedAtMs: 1_764_108_000_000 + Math.floor(i / 3) * 100 + (i > 600 ? 900_000 : 0) + 90,
  }));
  return {
    result,
    createdAt: new Date('2026-11-25T22:15:00Z'),
    run: { runId: 'abc', startedAt: '2026-11-25T22:00:00Z', finishedAt: null, host: 'vm', toolVersion: '1', chunks },
    leftOut: [{ name: hostile, type: 'view', reason: '', sql: null }],
    environment: [['Node', 'v20']],
    shadowLimit: 50,
    explain: () => 'white space at the end',
  };
}

test('of 300 equal tables the page holds every whole hash, and is not long', () => {
  const page = pageOf(true);
  const [table] = page.result.tables;
  const [keyset] = page.result.keysets;
  const [read] = page.result.reads;
  assert.ok(table !== undefined && keyset !== undefined && read !== undefined);
  const many = Array.from({ length: 300 }, (_, i) => `module_${i}_record`);
  const hashOf = (i: number) => String(i).padStart(64, '0');
  const result: AcceptResult = {
    ...page.result,
    tables: many.map((name) => ({ ...table, table: name })),
    keysets: many.map((name, i) => ({
      ...keyset,
      table: name,
      sha256: { source: hashOf(i), target: hashOf(i) },
    })),
    reads: many.map((name) => ({ ...read, name: `${name} by id`, table: name, explanations: [] })),
  };
  assert.ok(page.run !== null);
  const chunks = page.run.chunks.slice(0, many.length).map((chunk, i) => ({ ...chunk, table: many[i] ?? '' }));
  const text = acceptancePage({ ...page, result, run: { ...page.run, chunks } });
  for (const i of many.keys()) assert.ok(text.includes(`>${hashOf(i)}<`));
  for (const name of many) assert.ok(text.includes(`<b>${name} by id</b>`));
  assert.ok(text.length < 200_000, `${text.length} characters`);
  // What differs is shown whole, with its SQL, and never folded.
  const other = { ...read, name: 'the odd one', verdict: 'differs' as const };
  const odd = acceptancePage({ ...page, result: { ...result, ok: false, reads: [...result.reads, other] } });
  const [shown = ''] = odd.slice(odd.indexOf('The same reads')).split('<details class="more"');
  assert.match(shown, /<b>the odd one<\/b>[\s\S]*SELECT/);
});

test('reads that were not run are among what was not proven, and no warning', () => {
  const page = pageOf(true);
  const message = 'reads that were not run: 3, since more than 200 suggest themselves';
  const finding = {
    severity: 'warning',
    code: 'shadow.more',
    table: null,
    column: null,
    key: null,
    message,
    hint: '',
  } as const;
  const html = acceptancePage({ ...page, result: { ...page.result, findings: [finding] } });
  const [before = '', open = ''] = html.split('What was not proven');
  assert.match(
    open.split('</section>')[0] ?? '',
    /Reads that were not run: 3, since more than 200 suggest themselves\./,
  );
  assert.doesNotMatch(before + open.split('</section>').slice(1).join(''), /not run: 3|<h2>Warnings/);
});

let browser: Browser | null = null;
before(async () => {
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: args.split(' ') });
});
after(async () => {
  await browser?.close();
});

/** Relative luminance contrast of a colour on a background, as WCAG 2.1 counts it; both as `rgb(r, g, b)`. */
function contrast(a: string, b: string): number {
  const [x, y] = [a, b].map((colour) => {
    const [r = 0, g = 0, bl = 0] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((text) => {
      const part = Number(text) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  });
  const [light, dark] = [Math.max(x ?? 0, y ?? 0), Math.min(x ?? 0, y ?? 0)];
  return (light + 0.05) / (dark + 0.05);
}

for (const isEqual of [true, false]) {
  for (const width of [390, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const name = `the report of ${isEqual ? 'equal' : 'differing'} sides at ${width} px, ${colorScheme}, fits, is legible, and loads and runs nothing`;
      test(name, { skip }, async () => {
        await withFolder(async (folder) => {
          assert.ok(browser !== null);
          const path = join(folder, 'report.html');
          writeFileSync(path, acceptancePage(pageOf(isEqual)));
          const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
          const asked: string[] = [];
          const said: string[] = [];
          page.on('request', (request) => asked.push(request.url()));
          page.on('console', (message) => said.push(message.text()));
          await page.goto(`file://${path}`);
          assert.deepEqual(asked, [`file://${path}`]);
          assert.deepEqual(said, []);
          assert.equal(await page.title(), isEqual ? 'Acceptance: both sides equal' : 'Acceptance: the sides differ');
          assert.equal(await page.locator('script, img, iframe, link').count(), 0);
          assert.match((await page.locator('h1').textContent()) ?? '', isEqual ? /same data/ : /differ/);
          const over = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
          assert.equal(over, 0, 'nothing sticks out to the right');
          const colours =
            (await page.evaluate(`[...document.querySelectorAll('h1, p, td, th, li, dt, .pill, .soft, summary')]
            .map((element) => {
              let behind = element;
              const back = () => getComputedStyle(behind).backgroundColor;
              while (back() === 'rgba(0, 0, 0, 0)' && behind.parentElement !== null) behind = behind.parentElement;
              return [getComputedStyle(element).color, back()];
            })`)) as readonly (readonly [string, string])[];
          assert.ok(colours.length > 50);
          const pale = colours.filter(([colour, back]) => contrast(colour, back) < 4.5);
          assert.deepEqual([...new Set(pale.map(String))], [], 'every text has a contrast of 4.5 at least');
          const size = (await page.evaluate(
            `Math.min(...[...document.querySelectorAll('td, p, li, dd')].map((e) => parseFloat(getComputedStyle(e).fontSize)))`,
          )) as number;
          assert.ok(size >= 13, `the smallest text has ${size} px`);
          await page.close();
        });
      });
    }
  }
}
