import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listQuarantineFindings } from '../../src/run/compare/quarantined-rows.js';
import type { TargetClient } from '../../src/target/connection/client.js';
import { ledgerName } from '../../src/target/ledger/names.js';

const group = { table: 't', column: 'c', hazard: 'not-a-date', rule: 'epoch', state: 'converted', examples: [] };

/** The hints of what one run has in quarantine, with the ledger in this schema. */
async function hintsIn(ledgerSchema: string | undefined): Promise<readonly string[]> {
  const rows = (['held', 'converted'] as const).map((state) => ({ ...group, state, rows: '2' }));
  const address = { schema: 'home', ...(ledgerSchema === undefined ? {} : { ledgerSchema }) };
  const client = {
    address,
    ledger: (name: 'quarantine' | 'chunk') => ledgerName(address, name),
    query: async (sql: string) => {
      if (!sql.includes('jsonb_array_elements')) return rows;
      return sql.includes('greatest') ? [{ ...group, cells: '2', net: '-3', lost: '3', greatest: '2' }] : [];
    },
  } as unknown as TargetClient;
  return (await listQuarantineFindings(client, ['r'])).map(({ hint }) => hint);
}

test('what names rows in quarantine and converted ones says where the ledger is, if not in its own schema', async () => {
  assert.deepEqual(await hintsIn(undefined), [
    '`pgferry quarantine list` names them; `pgferry quarantine retry` brings them in after a fix',
    '`pgferry quarantine list` counts them, and names those that are kept whole in pgferry.quarantine: as many as --keep-converted says',
  ]);
  const [held = '', converted = ''] = await hintsIn('our home');
  assert.match(
    held,
    /`pgferry quarantine list --ledger-schema 'our home'`.*`pgferry quarantine retry --ledger-schema 'our home'`/,
  );
  assert.match(converted, /list --ledger-schema 'our home'`.* kept whole in "our home"\.pgferry_quarantine:/);
});
