import { existsSync } from 'node:fs';
import type { Plan } from '../model/plan.js';
import { quarantineLine } from '../report/files/quarantine-lines.js';
import { type RunFolder, writeStream } from '../report/files/run-folder.js';
import type { TargetClient } from '../target/connection/client.js';
import { countQuarantine, readQuarantine } from '../target/ledger/quarantine.js';

/** Small pieces of text are joined up to this size, since a step of the generator costs more than a small piece. */
const gatherChars = 65_536;

/**
 * Writes all rows that a run has in quarantine into a new file of its folder, one line of JSON per row. They are read
 * from the ledger, so that both agree. Where there are none, no file is made. Memory: the largest row.
 */
export async function writeQuarantine(
  folder: RunFolder,
  { client, runId, plan }: { readonly client: TargetClient; readonly runId: string; readonly plan: Plan },
): Promise<void> {
  const tables = new Set((await countQuarantine(client, runId)).map(({ table }) => table));
  if (tables.size > 0) await writeStream(folder.pathOf(freeName(folder)), linesOf(client, runId, plan, tables));
}

async function* linesOf(
  client: TargetClient,
  runId: string,
  plan: Plan,
  tables: ReadonlySet<string>,
): AsyncGenerator<string, void, void> {
  let gathered = '';
  for (const { source: table, columns } of plan.tables.filter(({ source }) => tables.has(source))) {
    const names = columns.map(({ source }) => source);
    const states = ['held', 'converted', 'released'] as const;
    for await (const { chunkIndex: _, rowNumber: __, ...row } of readQuarantine(client, { runId, table, states })) {
      for (const piece of quarantineLine({ table, ...row }, names)) {
        gathered += piece;
        if (gathered.length < gatherChars) continue;
        yield gathered;
        gathered = '';
      }
    }
  }
  yield gathered;
}

function freeName(folder: RunFolder): string {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? 'quarantine.jsonl' : `quarantine-${attempt}.jsonl`;
    if (!existsSync(folder.pathOf(name))) return name;
  }
}
