import { chooseTables, type TableChoice } from './fit.js';
import { asBookkeeping } from '../lib/bookkeeping.js';
import { makeFinding } from './findings/finding.js';
import type { Finding } from '../model/plan.js';
import type { SourceCatalog } from '../model/source.js';

/** Names of what the source holds that a finding shows. */
const namesMax = 10;

/** Refuses a source of which no table would be copied: that nothing was lost of nothing is no success. */
export function checkAnyTable(source: Pick<SourceCatalog, 'tables' | 'leftOut'>, choice: TableChoice): Finding[] {
  const tables = source.tables.filter(({ framework }) => framework === undefined);
  const own = source.tables.flatMap((table) =>
    table.framework === undefined ? [] : asBookkeeping(table, table.framework),
  );
  const leftOut = [...own, ...source.leftOut];
  if (tables.some(({ name }) => chooseTables(choice)(name))) return [];
  const all = [...tables.map(({ name }) => name), ...leftOut.map(({ name, type }) => `${name} (${type})`)];
  const shown = all.length > namesMax ? [...all.slice(0, namesMax), '…'] : all;
  const held = all.length === 0 ? 'it holds nothing at all' : `it holds ${shown.join(', ')}`;
  const hint =
    tables.length === 0
      ? 'name the database of the application: programs leave such a file where they were started in the wrong folder'
      : '--tables and --exclude leave every table out: choose at least one';
  return [
    makeFinding({
      severity: 'error',
      code: 'plan.no_tables',
      message: `no table of the source would be copied: ${held}`,
      hint,
    }),
  ];
}
