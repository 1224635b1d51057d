import type { FileOptions } from '../model/fleet/file-options.js';
import type { Settings } from '../model/settings.js';

/** The rules of the file beside those of all files; its other options in place of theirs. */
export function withFileOptions(settings: Settings, options: FileOptions): Settings {
  const { policies, tableRules, columns, declared, search, virtualTables } = settings;
  return {
    ...settings,
    ...options,
    policies: { ...policies, ...options.policies },
    tableRules: { ...tableRules, ...options.tableRules },
    columns: { ...columns, ...options.columns },
    declared: { ...declared, ...options.declared },
    search: { ...search, ...options.search },
    virtualTables: { ...virtualTables, ...options.virtualTables },
  };
}
