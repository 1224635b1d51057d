import { Database } from '../sqlite.js';

let cast: ((value: number) => string) | null = null;

/** A real as SQLite's own CAST to TEXT prints it. */
export function textOfReal(value: number): string {
  cast ??= openCast();
  return cast(value);
}

function openCast(): (value: number) => string {
  const statement = new Database(':memory:').prepare<[number], string>('SELECT CAST(? AS TEXT)').pluck();
  return (value) => statement.get(value) ?? '';
}
