import type { HeldDigits, Kind } from '../../model/kind.js';

/** The times with a zone that texts of the kind hold, which the server reads: PostgreSQL takes one without a zone as UTC. Else null. */
export function zonedElements(kind: Kind): HeldDigits | null {
  const form = kind.tag === 'literal' ? kind.form : undefined;
  if (form?.tag === 'clock') return { of: 'timetz', digits: form.digits };
  const held = form?.tag === 'array' || form?.tag === 'range' ? form.held : undefined;
  return held?.of === 'timetz' || held?.of === 'timestamptz' ? held : null;
}
