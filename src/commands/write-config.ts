import { existsSync, writeFileSync } from 'node:fs';
import { CopierError } from '../model/error.js';
import type { Finding } from '../model/plan.js';
import type { Settings } from '../model/settings.js';
import { configText } from '../report/files/config-text.js';
import { rulesOf } from '../run/choices.js';

/**
 * Runs what plans, and writes its open decisions to the file that `--write-config` names, also where the plan refuses.
 * Never writes over a file.
 */
export async function withConfigFile<T>(
  settings: Settings,
  planned: () => Promise<T>,
  findingsOf: (result: T) => readonly Finding[],
): Promise<T> {
  const { writeConfig: path } = settings;
  if (path === null) return await planned();
  refuseExisting(path);
  try {
    const result = await planned();
    writeNew(path, settings, findingsOf(result));
    return result;
  } catch (error) {
    if (error instanceof CopierError && error.findings.length > 0) writeNew(path, settings, error.findings);
    throw error;
  }
}

/** Throws `usage.write_config` where the file is there. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw notWritten(path, 'is there already');
}

function writeNew(path: string, settings: Settings, findings: readonly Finding[]): void {
  const { waive } = settings;
  const { zone, targetZone, ...rules } = rulesOf(settings);
  const said = {
    ...(zone === null ? {} : { zone }),
    ...(targetZone === null ? {} : { targetZone }),
    ...rules,
  };
  const decided = waive.length === 0 ? said : { ...said, waive };
  writeNewConfig(path, configText(decided, findings));
}

/** Writes a file that is not there yet. */
export function writeNewConfig(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (cause) {
    throw notWritten(path, `cannot be written: ${(cause as Error).message}`, cause);
  }
}

function notWritten(path: string, why: string, cause?: unknown): CopierError {
  return new CopierError('usage.write_config', `the file ${path} of --write-config ${why}`, {
    hint: 'name a new file in a folder that may be written',
    cause,
  });
}
