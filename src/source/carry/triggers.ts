import { foldCase } from '../../lib/fold-case.js';
import { isKeyword, type PlacedToken, readPlacedTokens, type Token } from '../catalog/tokens.js';
import type { Database } from '../sqlite.js';

export interface Trigger {
  readonly name: string;
  readonly sql: string;
  /** What stands for it meanwhile; null: nothing. */
  readonly standIn: string | null;
}

/**
 * The triggers that must not fire as they are while rows come from elsewhere, in the order in which they were made: all but
 * those that write into nothing but a virtual table which does not get rows of its own. One that does so beside other
 * statements has a stand-in without these.
 */
export function triggersToSetAside(db: Database, carried: readonly string[] = []): Trigger[] {
  const own = new Set(carried.map(foldCase));
  const virtual = new Set(
    db
      .prepare<[], { name: string }>(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'",
      )
      .all()
      .map(({ name }) => foldCase(name))
      .filter((name) => !own.has(name)),
  );
  return db
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY rowid",
    )
    .all()
    .flatMap(({ name, sql }) => {
      const { head, statements } = readTrigger(sql);
      const wanted = statements.filter(({ table }) => table !== null && virtual.has(foldCase(table)));
      if (wanted.length > 0 && wanted.length === statements.length) return [];
      const body = wanted.map((statement) => `${statement.sql};`).join('');
      return [{ name, sql, standIn: wanted.length === 0 ? null : `${head}${body} END` }];
    });
}

interface TriggerStatement {
  readonly sql: string;
  /** The table that it writes into; null: none. */
  readonly table: string | null;
}

const firstWords = ['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'SELECT'];

/** A trigger's SQL up to its BEGIN, and the statements behind it. */
function readTrigger(sql: string): { readonly head: string; readonly statements: readonly TriggerStatement[] } {
  const tokens = [...readPlacedTokens(sql)];
  // A name may be the word BEGIN too.
  const begin = tokens.findIndex(
    ({ token }, i) => isKeyword(token, 'BEGIN') && firstWords.some((word) => isKeyword(tokens[i + 1]?.token, word)),
  );
  let start = tokens[begin]?.end ?? sql.length;
  const statements: TriggerStatement[] = [];
  let own: PlacedToken[] = [];
  for (const placed of tokens.slice(begin + 1)) {
    const isEnd = placed.token.tag === 'mark' && placed.token.text === ';';
    if (!isEnd) own.push(placed);
    else {
      const table = writtenTable(own.map(({ token }) => token));
      statements.push({ sql: sql.slice(start, placed.end - 1), table });
      start = placed.end;
      own = [];
    }
  }
  return { head: sql.slice(0, tokens[begin]?.end), statements };
}

/** `INSERT OR … INTO t`, `REPLACE INTO t`, `UPDATE OR … t`, `DELETE FROM t`. */
function writtenTable(tokens: readonly Token[]): string | null {
  const [first, second] = tokens;
  const after = (word: string) => tokens[tokens.findIndex((token) => isKeyword(token, word)) + 1]?.text ?? null;
  if (isKeyword(first, 'INSERT') || isKeyword(first, 'REPLACE')) return after('INTO');
  if (isKeyword(first, 'DELETE')) return after('FROM');
  if (!isKeyword(first, 'UPDATE')) return null;
  return tokens[isKeyword(second, 'OR') ? 3 : 1]?.text ?? null;
}
