import type { CommandName } from '../../model/settings.js';

/* Commands that share options. */

export const targeted: readonly CommandName[] = [
  'doctor',
  'init-config',
  'init',
  'plan',
  'copy',
  'verify',
  'shadow',
  'accept',
  'migrate',
  'quarantine',
  'follow',
  'repair',
  'cutover',
  'rollback',
  'release',
  'settle-cutover',
  'status',
];
export const working: readonly CommandName[] = ['census', ...targeted];
export const all: readonly CommandName[] = [...working, 'control'];
export const loading: readonly CommandName[] = ['init-config', 'plan', 'copy', 'migrate', 'cutover'];
export const making: readonly CommandName[] = ['init-config', 'init', 'plan', 'migrate', 'cutover'];
export const comparing: readonly CommandName[] = ['verify', 'shadow', 'accept', 'cutover'];
export const surveying: readonly CommandName[] = ['init-config', 'plan', 'copy', 'migrate', 'init', ...comparing];
/** Whose page folds what is alike. */
export const paged: readonly CommandName[] = [
  'init',
  'plan',
  'copy',
  'migrate',
  'verify',
  'shadow',
  'accept',
  'follow',
  'repair',
];
export const reading: readonly CommandName[] = ['doctor', 'census', ...surveying];
