import type { SourceForeignKey } from '../../model/source.js';
import { isKeyword, readTokens, type Token } from './tokens.js';

/** Facts that only the text of CREATE TABLE contains: no pragma reports them. */
export interface CreateTableText {
  readonly isAutoincrement: boolean;
  /** By column position; undefined where the text says nothing. */
  readonly collations: readonly (string | undefined)[];
  /** One per REFERENCES, in the order of the text; `PRAGMA foreign_key_list` numbers them from the last to the first. */
  readonly deferrables: readonly SourceForeignKey['deferrable'][];
}

/**
 * Reads the three facts from a CREATE TABLE text that SQLite has accepted. AUTOINCREMENT, COLLATE, REFERENCES and
 * DEFERRABLE are reserved words, so a bare one can mean nothing else.
 */
export function readCreateTable(sql: string): CreateTableText {
  const tokens = [...readTokens(sql)];
  const collations: (string | undefined)[] = [];
  const deferrables: SourceForeignKey['deferrable'][] = [];
  let isAutoincrement = false;
  let depth = 0;
  let column = 0;
  tokens.forEach((token, at) => {
    if (token.tag === 'mark') {
      if (token.text === '(') depth++;
      else if (token.text === ')') depth--;
      else if (token.text === ',' && depth === 1) column++;
    } else if (isKeyword(token, 'AUTOINCREMENT')) isAutoincrement = true;
    else if (depth !== 1) return;
    else if (isKeyword(token, 'COLLATE')) collations[column] = collationName(tokens[at + 1]);
    else if (isKeyword(token, 'REFERENCES')) deferrables.push('no');
    // SQLite applies the clause to the foreign key that was declared last, wherever the clause is written.
    else if (isKeyword(token, 'DEFERRABLE') && deferrables.length > 0)
      deferrables[deferrables.length - 1] = deferrableAt(tokens, at);
  });
  return { isAutoincrement, collations, deferrables };
}

function collationName(token: Token | undefined): string | undefined {
  if (token === undefined) return undefined;
  const upper = token.text.toUpperCase();
  return upper === 'NOCASE' || upper === 'RTRIM' || upper === 'BINARY' ? upper : token.text;
}

function deferrableAt(tokens: readonly Token[], at: number): SourceForeignKey['deferrable'] {
  if (isKeyword(tokens[at - 1], 'NOT')) return 'no';
  const isDeferred = isKeyword(tokens[at + 1], 'INITIALLY') && isKeyword(tokens[at + 2], 'DEFERRED');
  return isDeferred ? 'deferred' : 'immediate';
}
