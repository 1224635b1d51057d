import { toWire } from '../../model/error.js';
import type { Check } from '../../model/doctor.js';
import type { Finding } from '../../model/plan.js';

export function fine(name: string, found: string): Check {
  return { name, state: 'ok', found, hint: '', code: null };
}

export function skipped(name: string, found: string): Check {
  return { name, state: 'skipped', found, hint: '', code: null };
}

export function amiss(
  name: string,
  state: 'warning' | 'problem',
  { found, hint, code = null }: { readonly found: string; readonly hint: string; readonly code?: string | null },
): Check {
  return { name, state, found, hint, code };
}

/** What a look found, or why it could not look, as a problem with its own hint. Never throws. */
export async function tried<T>(
  name: string,
  look: () => T | Promise<T>,
): Promise<{ readonly value: T; readonly check: null } | { readonly value: null; readonly check: Check }> {
  try {
    return { value: await look(), check: null };
  } catch (error) {
    const { message, hint, code } = toWire(error);
    return { value: null, check: amiss(name, 'problem', { found: message, hint, code }) };
  }
}

/** A finding of the plan as doctor lists it. */
export function ofFinding(name: string, { severity, code, message, hint }: Finding): Check {
  return amiss(name, severity === 'error' ? 'problem' : 'warning', { found: message, hint, code });
}
