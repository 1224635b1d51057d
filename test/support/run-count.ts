/** The long loops of `make test-full`. */
export const isFull = process.env['PGFERRY_FULL'] === '1';

/** The fast set of `make test-unit`. */
const isUnit = process.env['PGFERRY_UNIT'] === '1';

/**
 * How often a property is tried: `usual` in `make test`, `full` in `make test-full`, a tenth of `usual` in
 * `make test-unit`, but at least 20 times where `usual` is more.
 */
export function runCount({ usual, full }: { readonly usual: number; readonly full: number }): number {
  if (isFull) return full;
  return isUnit ? Math.min(usual, Math.max(20, Math.ceil(usual / 10))) : usual;
}
