import { quoteLiteral, quoteName } from '../../lib/quote.js';
import type { TargetAddress } from '../../model/target.js';

/*
 * Where the ledger's tables and functions stand. In the schema "pgferry", which is ours alone, they have their bare names; in
 * any other one, which may hold an application's tables too, each begins with "pgferry_".
 */

const own = 'pgferry';

const relations = [
  'ledger_version',
  'run',
  'waiver',
  'comparison',
  'chunk',
  'quarantine',
  'object',
  'closed',
  'loaded',
  'round',
  'cutover',
  'cutover_step',
  'fleet',
  'fleet_worker',
  'fleet_file',
] as const;

/** A table or a function of the ledger; of the reverse journal also a table's notes and what writes them. */
export type LedgerName =
  | (typeof relations)[number]
  | 'refuse_others'
  | 'refuse_write'
  | `noted_${number}`
  | `note_${number}`
  | `price_${string}`;

type LedgerAddress = Pick<TargetAddress, 'ledgerSchema'>;

/** The schema of the ledger. */
export function ledgerSchemaOf({ ledgerSchema }: LedgerAddress): string {
  return ledgerSchema ?? own;
}

/** What the bare names begin with there. */
export function ledgerPrefixOf(address: LedgerAddress): string {
  return ledgerSchemaOf(address) === own ? '' : `${own}_`;
}

/** A name of the ledger without its schema, not quoted. */
export function bareLedgerName(address: LedgerAddress, name: LedgerName): string {
  return `${ledgerPrefixOf(address)}${name}`;
}

/** A name of the ledger as SQL writes it, with its schema. Our own names need no quotes. */
export function ledgerName(address: LedgerAddress, name: LedgerName): string {
  const schema = ledgerSchemaOf(address);
  return `${schema === own ? own : quoteName(schema)}.${bareLedgerName(address, name)}`;
}

/** SQL: the function f in schema g is the ledger's of this name, wherever the ledger is. */
export const isLedgerFunctionSql = (name: 'refuse_others' | 'refuse_write') =>
  `(g.nspname = '${own}' AND f.proname = '${name}' OR f.proname = '${own}_${name}')`;

/** SQL: the function f in schema g writes notes of the reverse journal. */
export const isNoterSql = `(g.nspname = '${own}' AND f.proname ~ '^note_[0-9]+$' OR f.proname ~ '^${own}_note_[0-9]+$')`;

/** SQL: the pg_class row with this alias is the ledger's, in the schema of an application; it is no part of that one's schema. */
export const isOwnRelationSql = (alias: string) =>
  `(${alias}.relname ~ '^${own}_(${relations.join('|')}|noted_[0-9]+|price_with|price_without)$' AND EXISTS (SELECT FROM pg_class own_version
     WHERE own_version.relnamespace = ${alias}.relnamespace AND own_version.relname = ${quoteLiteral(`${own}_ledger_version`)}))`;
