import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRules } from '../../src/cli/config-file.js';
import { readSettings } from '../../src/cli/settings.js';
import { noteApplication, type Recipe, readRecipes, recogniseApplication } from '../../src/run/recipes.js';
import { frameworkOf } from '../../src/source/catalog/frameworks.js';
import type { SourceCatalog, SourceTable } from '../../src/model/source.js';

const recipes = readRecipes();

const tableOf = (name: string, columns: readonly string[] = []) =>
  ({ name, sql: '', indexes: [], columns: columns.map((column) => ({ name: column })) }) as unknown as SourceTable;

const catalogOf = (names: readonly string[]) =>
  ({ tables: names.map((name) => tableOf(name)), leftOut: [] }) as unknown as SourceCatalog;

/** The source as it is read: bookkeeping is known by its name, or by its columns. */
const readCatalogOf = ({ tables, bookkeeping }: Recipe) =>
  ({
    tables: tables.map((name) => tableOf(name)),
    leftOut: bookkeeping.map((name) => {
      const framework = frameworkOf(tableOf(name, ['id', 'timestamp', 'name']));
      return { name, type: 'bookkeeping', framework };
    }),
  }) as unknown as SourceCatalog;

test('every recipe is a valid part of a config file', async () => {
  assert.ok(recipes.length > 5);
  for (const { name, config } of recipes) await assert.doesNotReject(checkRules(config), name);
});

test('every recipe is recognised by its own tables, or the bookkeeping of its framework, and by no others', () => {
  for (const recipe of recipes) {
    assert.equal(recogniseApplication(readCatalogOf(recipe), recipes)?.name, recipe.name);
    assert.equal(recogniseApplication(catalogOf(recipe.tables.slice(1)), recipes), null, recipe.name);
    assert.equal(recipe.tables.length === 0, recipe.framework !== undefined, recipe.name);
  }
});

test('the bookkeeping that a recipe names is left out, or goes along where it holds names alone', () => {
  const migrations = ['id', 'timestamp', 'name'];
  for (const { name, bookkeeping } of recipes) {
    for (const table of bookkeeping)
      assert.ok(frameworkOf(tableOf(table, table === 'migrations' ? migrations : [])) !== null, `${name}: ${table}`);
  }
});

test('the config overrules the recipe key by key', () => {
  const read = (config: Readonly<Record<string, unknown>>) =>
    readSettings({ command: 'cutover', flags: { app: 'directus' }, env: {}, config });
  const plain = read({});
  assert.deepEqual([plain.app, plain.makeMissing, plain.switch?.length, plain.health.length], ['directus', true, 1, 1]);
  const own = read({ makeMissing: false, switch: [] });
  assert.deepEqual([own.makeMissing, own.switch, own.health.length], [false, [], 1]);
});

test('a recipe that does not exist is refused with those that do', () => {
  const read = () => readSettings({ command: 'plan', flags: { app: 'direktus' }, env: {}, config: {} });
  assert.throws(read, { code: 'usage.bad_value', hint: /directus/ });
});

test('the plan says what was recognised, what the recipe decides, and where it does not fit', () => {
  const directus = recipes.find(({ name }) => name === 'directus')?.tables ?? [];
  const [seen] = noteApplication(catalogOf(directus), null);
  assert.equal(seen?.severity, 'note');
  assert.match(seen?.message ?? '', /database of Directus/);
  assert.match(seen?.hint ?? '', /proven by moving the real application, is used with --app directus/);
  const [used] = noteApplication(catalogOf(directus), 'directus');
  assert.match(
    used?.message ?? '',
    /decides makeMissing, declared, tableRules, switch, health; left out .* directus_migrations/,
  );
  const [wrong] = noteApplication(catalogOf(directus), 'n8n');
  assert.equal(wrong?.severity, 'warning');
  assert.match(wrong?.message ?? '', /has not the tables .*; they are those of Directus: --app directus/);
  assert.deepEqual(noteApplication(catalogOf(['posts']), null), []);
});
