import type { ColumnLoss } from '../../model/copy.js';

/** What values lost, in words; nothing where they lost nothing. Decimals are exact. */
export function describeLoss({
  unit,
  net,
  lost,
  greatest,
}: Pick<ColumnLoss, 'unit' | 'net' | 'lost' | 'greatest'>): string[] {
  if (lost === '0') return [];
  if (unit === 'characters' || unit === 'bytes') return [`${lost} ${unit} lost in all, ${greatest} at most of one`];
  const of = (decimal: string) => (unit === 's' ? `${decimal} s` : decimal);
  return [`${of(lost)} lost in all, ${of(greatest)} at most of one; the sum changed by ${of(net)}`];
}
