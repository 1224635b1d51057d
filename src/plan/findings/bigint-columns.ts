import type { Finding, TablePlan } from '../../model/plan.js';
import { makeFinding } from './finding.js';

/** Frameworks whose driver for PostgreSQL is node-postgres, as their tables of migrations name them. */
const onNodePostgres = new Set([
  'TypeORM',
  'Knex',
  'Kysely',
  'Sequelize',
  'Drizzle',
  'MikroORM',
  'Directus',
  'Strapi',
  'Payload',
]);

/** Columns that the note names. */
const namedMax = 5;

/**
 * Whole numbers that a translated schema has as bigint: node-postgres gives them to the application as texts. One note for
 * all, with the line that makes them integer.
 */
export function noteBigints(tables: readonly TablePlan[], framework: string | null): Finding[] {
  if (framework === null || !onNodePostgres.has(framework)) return [];
  const found = tables.flatMap(({ source, columns }) =>
    columns
      .filter(({ kind, declaredType }) => kind.tag === 'int8' && !/big|int8/i.test(declaredType))
      .map((column) => ({ name: `${source}.${column.source}`, declared: column.declaredType.toLowerCase() })),
  );
  if (found.length === 0) return [];
  const named = found.slice(0, namedMax).map(({ name }) => name);
  const more = found.length > namedMax ? ` and ${found.length - namedMax} more` : '';
  const types = [...new Set(found.map(({ declared }) => declared))].filter((type) => type !== '').sort();
  const line = JSON.stringify({ declared: Object.fromEntries(types.map((type) => [type, 'integer'])) });
  return [
    makeFinding({
      severity: 'note',
      code: 'plan.bigint_as_text',
      message: `whole numbers become bigint, which node-postgres, the driver of ${framework}, gives as texts: ${named.join(', ')}${more}`,
      hint: `where the application wants numbers, and none is beyond 2147483647, make them integer: ${line}`,
      choices: [line],
    }),
  ];
}
