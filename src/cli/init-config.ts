import type { Plan } from '../model/plan.js';
import type { Settings } from '../model/settings.js';
import { configText } from '../report/files/config-text.js';
import { jsonText } from '../report/units.js';
import { rulesOf } from '../run/choices.js';
import { describeTarget, parseTargetUrl } from '../target/connection/address.js';
import { optionRows } from './options/table.js';

/** Where it is written if no other file is named. */
export const standardConfigFile = 'pgferry.config.json';

/** Settings that are of one call, or destroy something, are no lasting choice. */
const notLasting: ReadonlySet<string> = new Set([
  'fresh',
  'resetSchema',
  'resetAlso',
  'yes',
  'truncateTarget',
  'waive',
]);

/**
 * A config file for this pair of databases: both sides, what is decided, each decision that the plan leaves open, and
 * the other settings of a run with their meaning as comments. The password stays out of it.
 */
export function initialConfig(settings: Settings, { findings }: Pick<Plan, 'findings'>): string {
  const { sourcePath, targetUrl, waive } = settings;
  const decided = {
    sourcePath,
    ...(targetUrl === null ? {} : { targetUrl: urlWithoutPassword(targetUrl) }),
    ...rulesOf(settings),
    ...(waive.length === 0 ? {} : { waive }),
  };
  return configText(decided, findings, settingLines(settings));
}

function urlWithoutPassword(url: string): string {
  const { address } = parseTargetUrl(url);
  return `${describeTarget(address)}${address.sslmode === 'prefer' ? '' : `&sslmode=${address.sslmode}`}`;
}

/** The settings of a migrate that a file can say, with what they are now. */
function settingLines(settings: Settings): string[] {
  const rows = optionRows.filter(
    ({ setting, commands, isFlagOnly }) =>
      commands.includes('migrate') && isFlagOnly !== true && !notLasting.has(setting) && !isSide(setting),
  );
  return [
    '',
    '  // Other settings, as they are now; a flag or a variable beats this file.',
    ...rows.flatMap(({ setting, help }) => [
      `  // ${help}`,
      `  // ${jsonText(setting)}: ${jsonText(settings[setting])},`,
    ]),
  ];
}

function isSide(setting: string): boolean {
  return setting === 'sourcePath' || setting === 'targetUrl';
}
