import { pathToFileURL } from 'node:url';
import fc from 'fast-check';

/**
 * Loads the test files that are its arguments into this one process. Random cases are the same each time: with as few
 * tries as the fast set has, what a test wants to have seen among them would else now and then be missing.
 */
fc.configureGlobal({ seed: Number(process.env['PGFERRY_SEED']) });
for (const path of process.argv.slice(2)) await import(pathToFileURL(path).href);
