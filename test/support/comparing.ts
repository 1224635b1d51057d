/** The options of a migration without what only makes a schema, which a comparison does not take. */
export function comparing<T extends { readonly fromSource?: boolean }>({
  fromSource: _,
  ...others
}: T): Omit<T, 'fromSource'> {
  return others;
}
