import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foldCase } from '../lib/fold-case.js';
import { CopierError } from '../model/error.js';
import type { Finding } from '../model/plan.js';
import type { SourceCatalog } from '../model/source.js';
import { makeFinding } from '../plan/findings/finding.js';
import { programFile } from '../platform/installation.js';
import { recogniseFramework } from '../source/catalog/frameworks.js';

/*
 * Recipes are data: how an application is recognised, how its tables come into PostgreSQL, and a part of a config file.
 * What the operator's own config says goes first.
 */

export interface Recipe {
  readonly name: string;
  /** The application as people call it. */
  readonly title: string;
  /** run: a test moves the real application; schema: made from public facts of its tables. */
  readonly proof: 'run' | 'schema';
  /** Tables by which it is recognised: all of them. */
  readonly tables: readonly string[];
  /** The framework whose bookkeeping shows it, beside its tables. */
  readonly framework?: string;
  /** Tables that describe the SQLite file, and are left out. */
  readonly bookkeeping: readonly string[];
  /** Rows that are the same on both sides where both are of one version. */
  readonly versions?: readonly { readonly table: string; readonly columns: readonly string[] }[];
  /** How the target's tables are made before the move. */
  readonly prepare: string;
  /** Keys of a config file. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** All recipes of this installation, by name. */
export function readRecipes(folder = programFile('run/recipes')): Recipe[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const recipe = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Recipe, 'name'>;
      return { name: file.replace(/\.json$/, ''), ...recipe };
    });
}

export function unknownRecipe(name: string): CopierError {
  const known = readRecipes().map((recipe) => recipe.name);
  return new CopierError('usage.bad_value', `there is no recipe ${JSON.stringify(name)}`, {
    hint: `known are ${known.join(', ')}; pgferry apps says more`,
  });
}

/** The application whose tables these are; the recipe that asks for the most tables where several fit. */
export function recogniseApplication(catalog: SourceCatalog, recipes: readonly Recipe[]): Recipe | null {
  const all = [...catalog.tables, ...catalog.leftOut];
  const there = new Set(all.map(({ name }) => foldCase(name)));
  const frameworks = new Set([recogniseFramework(catalog), ...all.map((one) => one.framework)].map((one) => one?.name));
  const fitting = recipes.filter(
    ({ tables, framework }) =>
      tables.every((name) => there.has(foldCase(name))) && (framework === undefined || frameworks.has(framework)),
  );
  return fitting.sort((a, b) => b.tables.length - a.tables.length)[0] ?? null;
}

/** What an application is recognised by, in words. */
function marksOf({ tables, framework }: Recipe): string {
  return framework === undefined ? `the tables ${tables.join(', ')}` : `bookkeeping or names of ${framework}`;
}

/** The recipe that is used, or null. */
export function findRecipe(name: string | null): Recipe | null {
  return readRecipes().find((recipe) => recipe.name === name) ?? null;
}

/** What the plan says of the application: what was recognised, and what the recipe that is used decides. */
export function noteApplication(catalog: SourceCatalog, used: string | null): Finding[] {
  const recipes = readRecipes();
  const found = recogniseApplication(catalog, recipes);
  if (used === null) return found === null ? [] : [recognised(found)];
  const recipe = recipes.find(({ name }) => name === used);
  if (recipe === undefined) throw unknownRecipe(used);
  return [found?.name === used ? decided(recipe) : otherTables(recipe, found)];
}

function recognised(recipe: Recipe): Finding {
  return note(
    'note',
    `this is a database of ${recipe.title} (it has ${marksOf(recipe)})`,
    `its recipe, ${proofOf(recipe)}, is used with --app ${recipe.name}; ${recipe.prepare}`,
  );
}

function decided(recipe: Recipe): Finding {
  const keys = Object.keys(recipe.config).join(', ');
  return note(
    'note',
    `the recipe ${recipe.name}, ${proofOf(recipe)}, decides ${keys}; left out as bookkeeping: ${recipe.bookkeeping.join(', ') || 'nothing'}`,
    `the same keys in the config file overrule it; ${recipe.prepare}`,
  );
}

function otherTables(recipe: Recipe, found: Recipe | null): Finding {
  const instead = found === null ? '' : `; they are those of ${found.title}: --app ${found.name}`;
  return note(
    'warning',
    `the recipe ${recipe.name} is used, and the source has not ${marksOf(recipe)}${instead}`,
    'leave --app out where this is another application',
  );
}

function note(severity: 'note' | 'warning', message: string, hint: string): Finding {
  return makeFinding({ severity, code: 'plan.application', message, hint });
}

function proofOf({ proof }: Recipe): string {
  return proof === 'run' ? 'proven by moving the real application' : 'by schema only';
}

/** The list as people read it. */
export function recipesText(recipes: readonly Recipe[]): string {
  const width = Math.max(...recipes.map(({ name }) => name.length));
  return `${recipes
    .map(
      (recipe) =>
        `${recipe.name.padEnd(width)}  ${recipe.title}: ${proofOf(recipe)}\n${' '.repeat(width)}  ${recipe.prepare}`,
    )
    .join('\n')}\n`;
}
