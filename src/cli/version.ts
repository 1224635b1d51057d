import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../platform/installation.js';

/** The version in package.json. */
export function toolVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}
