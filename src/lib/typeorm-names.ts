import type { SourceTable } from '../model/source.js';

/** Names that TypeORM gives to indexes and constraints: a prefix and a hash in hex digits. */
const typeormName = /\b(?:IDX|UQ|FK|PK|REL|CHK)_[0-9a-f]{26,}\b/;

/** The first name in these tables that TypeORM gave; null where there is none. */
export function typeormNameIn(tables: readonly Pick<SourceTable, 'sql' | 'indexes'>[]): string | null {
  for (const { sql, indexes } of tables) {
    const [mark] = typeormName.exec([sql, ...indexes.map(({ name }) => name)].join(' ')) ?? [];
    if (mark !== undefined) return mark;
  }
  return null;
}
