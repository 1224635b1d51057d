import { CopierError } from '../model/error.js';

/** A name as an identifier in double quotes, case unchanged. SQLite and PostgreSQL write it the same way. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted name with its quoted schema before it. */
export function quotePath(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A text as a literal: of SQLite, and of PostgreSQL where standard_conforming_strings is on, as it has been since 9.1. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a quoted PostgreSQL identifier: `a"b` becomes `"a""b"`. A NUL or an empty name is refused. */
export function quoteName(name: string): string {
  if (name === '') {
    throw new CopierError('target.bad_name', 'a name is empty, which postgres does not allow', {
      hint: 'give the table, column or schema a name of at least one character',
    });
  }
  refuseNul(name);
  return quoteIdentifier(name);
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
  const quoted = quoteText(text);
  return quoted.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

function refuseNul(text: string): void {
  if (!text.includes('\0')) return;
  throw new CopierError('target.bad_name', 'a text for an sql statement holds a nul byte', {
    hint: 'postgres has no way to store or name it; change the value in the source',
  });
}
