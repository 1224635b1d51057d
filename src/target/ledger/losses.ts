import type { ColumnLoss, LossUnit } from '../../model/copy.js';
import type { TargetClient } from '../connection/client.js';

/** What rules took from the values of a run, by table, column, hazard and rule; exact also after retries and rounds. */
export async function listLosses(client: TargetClient, runId: string): Promise<ColumnLoss[]> {
  const decimal = (what: string) => `trim_scale(${what})::text`;
  const rows = await client.query<Omit<ColumnLoss, 'cells' | 'unit'> & { cells: string }>(
    `SELECT part.table, one->>'column' AS column, one->>'hazard' AS hazard, one->>'rule' AS rule,
            sum((one->>'cells')::bigint)::text AS cells, ${decimal(`sum((one->>'net')::numeric)`)} AS net,
            ${decimal(`sum((one->>'lost')::numeric)`)} AS lost, ${decimal(`max((one->>'greatest')::numeric)`)} AS greatest,
            array_remove(ARRAY[min(key), nullif(max(key), min(key))], NULL) AS examples
       FROM (SELECT table_name AS table, one, NULL AS key
               FROM ${client.ledger('chunk')} c, jsonb_array_elements(c.converted) AS one WHERE run_id = $1
             UNION ALL
             SELECT table_name, one, key
               FROM ${client.ledger('quarantine')} q, jsonb_array_elements(q.losses) AS one
              WHERE run_id = $1 AND state = 'converted') AS part
      GROUP BY 1, 2, 3, 4 HAVING sum((one->>'cells')::bigint) <> 0 ORDER BY 1, 2, 3, 4`,
    [runId],
  );
  return rows.map((row) => ({ ...row, cells: Number(row.cells), unit: unitOf(row) }));
}

function unitOf({ hazard, rule }: { readonly hazard: string; readonly rule: string }): LossUnit {
  if (['null', 'default', 'set-null'].includes(rule)) return 'bytes';
  if (hazard === 'precision_loss') return 's';
  return ['nul_byte', 'json_nul', 'too_long'].includes(hazard) ? 'characters' : 'number';
}
