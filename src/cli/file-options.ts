import { maskSecrets } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import type { FileOptions } from '../model/fleet/file-options.js';
import { fileOptionNames } from '../model/fleet/file-options.js';
import { readSettings } from './settings.js';

/** The options of one file of a fleet, written with the keys of the config file. Throws `usage.config_*`. */
export async function readFileOptions(given: Readonly<Record<string, unknown>>): Promise<FileOptions> {
  const names: readonly string[] = fileOptionNames;
  const unknown = Object.keys(given).filter((key) => !names.includes(key));
  if (unknown.length > 0) {
    const list = unknown.map((key) => JSON.stringify(maskSecrets(key))).join(', ');
    throw new CopierError('usage.config_key', `a file of a fleet has no option ${list} of its own`, {
      hint: `its options: ${names.join(', ')}`,
    });
  }
  // Its parser takes a moment to load, and most runs have neither a config file nor a fleet.
  const { checkRules } = await import('./config-file.js');
  await checkRules(given);
  const settings = readSettings({ command: 'fleet', flags: {}, env: {}, config: given, configWord: 'option' });
  return Object.fromEntries(fileOptionNames.filter((key) => key in given).map((key) => [key, settings[key]]));
}
