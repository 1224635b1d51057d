import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/*
 * Puts the compiled modules of the command and of its threads together into few files, in place: a process that loads
 * four hundred small ones spends a third of a second on it before it does anything. What several of them share stands in
 * dist/src/bundle. Packages stay outside, and so does the library, whose modules are loaded one by one.
 */
const built = fileURLToPath(new URL('../', import.meta.url));
const workers = readdirSync(join(built, 'workers')).filter((name) => name.endsWith('.js'));

// The command and the threads share nothing at run time, and each would be cut into more files for the other's sake.
for (const entryPoints of [['src/cli/cli.js'], workers.map((name) => `workers/${name}`)]) {
  await build({
    entryPoints,
    absWorkingDir: built,
    outdir: built,
    outbase: built,
    allowOverwrite: true,
    chunkNames: 'src/bundle/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.11',
    packages: 'external',
    // A name that stands twice is not changed where the program prints it.
    keepNames: true,
    logLevel: 'warning',
  });
}
