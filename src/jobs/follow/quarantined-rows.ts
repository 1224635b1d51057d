import { QuarantineRows, quarantineColumns } from '../../encode/policy/quarantine-rows.js';
import { RowEdit } from '../../encode/policy/row-edit.js';
import type { RowView } from '../../model/value.js';
import type { TargetClient } from '../../target/connection/client.js';
import { copyIn } from '../../target/copy/copy-in.js';
import {
  hasQuarantinedRows,
  type QuarantineMatch,
  quarantineStaging,
  makeQuarantineStaging,
  matchQuarantine,
} from '../../target/round/quarantined-rows.js';
import { type RoundTablePlan, stagingSchema } from '../../target/round/round-sql.js';
import type { Travel } from './send-rows.js';

/**
 * Which of some rows of the source the quarantine keeps: the server compares all their cells. `rows` reads them anew.
 * Memory: what they were converted to.
 */
export async function findQuarantined(
  client: TargetClient,
  { source }: RoundTablePlan,
  rows: () => Iterable<RowView>,
  { runId, blockBytes }: Pick<Travel, 'runId' | 'blockBytes'>,
): Promise<readonly QuarantineMatch[]> {
  if (!(await hasQuarantinedRows(client, runId, source))) return [];
  await makeQuarantineStaging(client);
  const quarantined = new QuarantineRows({ runId, table: source, chunkIndex: 0, step: 0 }, blockBytes);
  const into = {
    schema: stagingSchema,
    table: quarantineStaging,
    columns: quarantineColumns,
    format: 'binary' as const,
  };
  await copyIn(client, into, async (write) => {
    let rowNumber = 0;
    for (const view of rows()) {
      const note = { rowNumber, state: 'held', key: '', column: null, hazard: '', rule: '', reason: '' } as const;
      quarantined.add(view, note, null);
      rowNumber += 1;
      if (quarantined.isBlockFull) await write(quarantined.takeBlock());
    }
    await write(quarantined.finish());
  });
  return await matchQuarantine(client, runId, source);
}

/** The rows that the target has of these, as they were sent; the same view for each. */
export function* asSent(
  rows: Iterable<RowView>,
  quarantined: readonly QuarantineMatch[],
  { columns }: RoundTablePlan,
): Generator<RowView, void, void> {
  const matches = new Map(quarantined.map((match) => [match.position, match]));
  const edit = new RowEdit(columns.length);
  let position = 0;
  for (const view of rows) {
    const match = matches.get(position);
    position += 1;
    if (match === undefined) yield view;
    else if (match.changed !== null) {
      edit.load(view);
      edit.setQuarantined(match.changed.columns, match.changed.storage, match.changed.cells);
      yield edit.view;
    }
  }
}
