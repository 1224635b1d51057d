import { CopierError } from '../model/error.js';

/** A name as a quoted PostgreSQL identifier: `a"b` becomes `"a""b"`. A NUL or an empty name is refused. */
export function quoteName(name: string): string {
  if (name === '') {
    throw new CopierError('target.bad_name', 'a name is empty, which postgres does not allow', {
      hint: 'give the table, column or schema a name of at least one character',
    });
  }
  refuseNul(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`; every name that pgferry sends is qualified, because search_path is pinned. */
export function quoteTable(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/**
 * A text as a PostgreSQL string literal that means the same under either setting of
 * standard_conforming_strings: with a backslash in it, the E'' form is used. A NUL is refused.
 */
export function quoteLiteral(text: string): string {
  refuseNul(text);
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

function refuseNul(text: string): void {
  if (!text.includes('\0')) return;
  throw new CopierError('target.bad_name', 'a text for an sql statement holds a nul byte', {
    hint: 'postgres has no way to store or name it; change the value in the source',
  });
}
