import type { CommandName } from '../../model/settings.js';

/* Commands that share options. */

/** Of one source. */
const single: readonly CommandName[] = [
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
/** Of one source, which they name. */
export const sourced: readonly CommandName[] = ['census', ...single];
export const targeted: readonly CommandName[] = [...single, 'fleet'];
export const working: readonly CommandName[] = ['census', ...targeted];
export const all: readonly CommandName[] = [...working, 'control'];
export const loading: readonly CommandName[] = ['init-config', 'plan', 'copy', 'migrate', 'cutover', 'fleet'];
export const making: readonly CommandName[] = ['init-config', 'init', 'plan', 'migrate', 'cutover', 'fleet'];
export const comparing: readonly CommandName[] = ['verify', 'shadow', 'accept', 'cutover'];
export const surveying: readonly CommandName[] = [
  'init-config',
  'plan',
  'copy',
  'migrate',
  'init',
  'fleet',
  ...comparing,
];
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
  'fleet',
];
export const reading: readonly CommandName[] = ['doctor', 'census', ...surveying];
