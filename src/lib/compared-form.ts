import type { Kind } from '../model/kind.js';

/**
 * How the target sends values of a kind to be compared: `binary`, in the form of the type's send function, which for
 * texts and bytes is the bytes themselves; `printed`, as text that PostgreSQL prints; null where only COPY's text format
 * prints them as the type's own output function does.
 */
export type SentForm = 'binary' | 'printed' | null;

export function sentFormOf({ tag }: Kind): SentForm {
  switch (tag) {
    case 'literal':
      return null;
    case 'numeric':
    case 'jsonb':
    case 'time':
    case 'char':
      return 'printed';
    default:
      return 'binary';
  }
}
