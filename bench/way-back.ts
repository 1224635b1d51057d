import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { must } from '../src/model/error.js';
import type { CutoverResult } from '../src/model/cutover.js';
import type { TargetAddress } from '../src/model/target.js';
import type { TargetClient } from '../src/target/connection/client.js';
import { withTarget } from '../src/target/connection/connect.js';
import { startEmbedded, stopEmbedded } from '../src/target/embedded/embedded.js';
import { openLedger } from '../src/target/ledger/ledger.js';
import { measurePrice } from '../src/target/reverse/price.js';
import type { ChildResult } from './measure/child.js';
import { type Fixture, prepareFixture } from './data/fixtures.js';
import { readMachineFacts } from './measure/machine.js';
import { copyOf, run, type Side } from './cases/moving.js';
import { type SizeName, sizeNames } from './data/shapes.js';
import { addressUrl } from './measure/target-url.js';
import type { WayBackResult, WayFigures } from './figures/way-back-result.js';

/*
 * What the way back costs: a rollback of a database that took 10 000 writes since the switch, without and with a reverse
 * journal, beside a verify of the same database; and what the journal costs the application's inserts. Prints JSON, and keeps
 * it in bench/results/way-back-SIZE.json.
 */

const writes = 10_000;
const priceRounds = 40;
/** From the lock to the switch. */
const downtimePhases: readonly string[] = ['lock', 'carry', 'save', 'generate', 'restore', 'close', 'switch'];

interface World {
  readonly fixture: Fixture;
  readonly folder: string;
  readonly address: TargetAddress;
}

async function measure({
  fixture,
  folder,
  address,
}: World): Promise<Omit<WayBackResult, 'size' | 'measuredAt' | 'machine'>> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const onTarget = <T>(use: (client: TargetClient) => Promise<T>) =>
    withTarget(address, { applicationName: 'bench' }, use);
  say('the price of the journal');
  const price = await onTarget(async (client) => {
    await openLedger(client);
    return await measurePrice(client, priceRounds);
  });
  const way = async (name: 'without' | 'with'): Promise<WayFigures> => {
    say(`a rollback ${name} a journal`);
    const schema = `way_${name}`;
    const side: Side = {
      source: copyOf(fixture, folder, `${name}.db`),
      folder,
      url: addressUrl(address),
      schema,
      fixture,
    };
    await run(side, ['cutover', ...(name === 'with' ? ['--reverse-journal'] : [])]);
    const verified = await run(side, ['verify']);
    await onTarget((client) => change(client, schema, fixture.tables['Metric'] ?? 0));
    const back = await run(side, ['rollback']);
    await onTarget((client) => client.query(`DROP SCHEMA ${schema} CASCADE`));
    return describe(back, verified);
  };
  const { rows, bytes } = fixture;
  return { rows, bytes, writes, price, without: await way('without'), with: await way('with') };
}

function describe(back: ChildResult, verified: ChildResult): WayFigures {
  const { phases, carried } = JSON.parse(back.stdout) as CutoverResult;
  const changed = carried.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
  if (changed !== writes) throw new Error(`the rollback brought back ${changed} rows, not ${writes}`);
  const waited = phases.filter(({ name }) => downtimePhases.includes(name)).reduce((sum, { ms }) => sum + ms, 0);
  return {
    rollback: {
      wallMs: Math.round(back.wallMs),
      cpuMs: must(back.cpuMs, 'CPU of the rollback'),
      downtimeMs: Math.round(waited),
    },
    verify: { wallMs: Math.round(verified.wallMs), cpuMs: must(verified.cpuMs, 'CPU of the verify') },
    phases: phases.map(({ name, ms }) => ({ name, ms: Math.round(ms) })),
  };
}

/** Half of the rows are changed, all over the table, the others are new or gone. */
async function change(client: TargetClient, schema: string, rows: number): Promise<void> {
  const table = `${schema}."Metric"`;
  const every = Math.floor(rows / (writes / 2));
  await client.query(
    `UPDATE ${table} SET value = value + 1 WHERE id IN (SELECT i * $1::bigint FROM generate_series(1, $2::bigint) AS i)`,
    [every, writes / 2],
  );
  await client.query(
    `DELETE FROM ${table} WHERE id IN (SELECT i * $1::bigint + 1 FROM generate_series(1, $2::bigint) AS i)`,
    [every, writes / 10],
  );
  const names = await client.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attname <> 'id' ORDER BY attnum`,
    [table],
  );
  const others = names.map(({ name }) => name).join(', ');
  const top = `(SELECT max(id) FROM ${table})`;
  await client.query(
    `INSERT INTO ${table} (id, ${others}) SELECT ${top} + row_number() OVER (), ${others} FROM ${table} ORDER BY id LIMIT $1`,
    [writes - writes / 2 - writes / 10],
  );
}

async function main(size: string): Promise<void> {
  if (!(sizeNames as readonly string[]).includes(size)) throw new Error(`SIZE is one of ${sizeNames.join(', ')}`);
  const fixtures = resolve('bench/fixtures');
  mkdirSync(fixtures, { recursive: true });
  const fixture = prepareFixture({ folder: fixtures, shape: 'mixed', size: size as SizeName });
  const folder = mkdtempSync(join(fixtures, 'back-'));
  const serverFolder = join(folder, 'server');
  const { address } = await startEmbedded({ folder: serverFolder });
  try {
    const figures = await measure({ fixture, folder, address });
    const result: WayBackResult = {
      size,
      measuredAt: new Date().toISOString(),
      machine: readMachineFacts(),
      ...figures,
    };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    writeFileSync(`bench/results/way-back-${size}.json`, text);
    process.stdout.write(text);
  } finally {
    await stopEmbedded(serverFolder);
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(process.argv[2] ?? 'medium');
