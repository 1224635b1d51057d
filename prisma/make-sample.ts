import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeSampleDatabase } from './sample.js';

/** `node dist/prisma/make-sample.js [path]`: makes the sample database where there is none and says so in one line. */
function main(path: string): string {
  if (existsSync(path)) return `${path} is there already`;
  mkdirSync(dirname(path), { recursive: true });
  const { tables } = makeSampleDatabase(path);
  const counts = Object.values(tables);
  return `made ${path}: ${counts.reduce((sum, rows) => sum + rows, 0)} rows in ${counts.length} tables`;
}

process.stdout.write(`${main(process.argv[2] ?? 'prisma/dev.db')}\n`);
