import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { hasFileModes } from '../../platform/system.js';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';

/**
 * The password for an address that has none: PGPASSWORD, else the first line that fits in PGPASSFILE or ~/.pgpass,
 * as libpq does (documentation, "The Password File"). Undefined where there is none. A password file that others may
 * read is refused rather than skipped, since libpq's silence about it is what operators stumble over.
 */
export async function findPassword(address: TargetAddress): Promise<string | undefined> {
  if (address.password !== null) return address.password;
  const given = env['PGPASSWORD'];
  if (given !== undefined && given !== '') return given;
  const path = env['PGPASSFILE'] || join(homedir(), '.pgpass');
  const text = await readPasswordFile(path);
  return text === null ? undefined : matchPassword(text, address);
}

/** The password of the first line of a password file that fits the address; pure. */
export function matchPassword(text: string, address: TargetAddress): string | undefined {
  const host = address.host.startsWith('/') ? 'localhost' : address.host;
  const wanted = [host, String(address.port), address.database, address.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = splitLine(line);
    const password = fields[4];
    if (password !== undefined && wanted.every((value, i) => fields[i] === '*' || fields[i] === value)) return password;
  }
  return undefined;
}

/** Five fields with `:` between them; `\:` and `\\` stand for the character itself. */
function splitLine(line: string): string[] {
  const fields = [''];
  for (let i = 0; i < line.length; i++) {
    let char = line.charAt(i);
    if (char === ':' && fields.length < 5) {
      fields.push('');
      continue;
    }
    if (char === '\\' && i + 1 < line.length) char = line.charAt(++i);
    fields[fields.length - 1] += char;
  }
  return fields;
}

async function readPasswordFile(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path);
    if (hasFileModes() && (mode & 0o077) !== 0) {
      throw new CopierError('target.auth', `password file ${path} may be read by others`, {
        hint: `run: chmod 600 ${path}`,
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof CopierError) throw error;
    return null;
  }
}
