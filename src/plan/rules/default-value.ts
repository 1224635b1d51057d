const typeName = String.raw`(?:::(?:[\w ."]+)(?:\([\d, ]+\))?(?:[\w ]*)(?:\[\])*)?`;
const textLiteral = new RegExp(`^'((?:[^']|'')*)'${typeName}$`, 's');
const numberLiteral = new RegExp(`^\\(?(-?\\d+(?:\\.\\d+)?)\\)?${typeName}$`);

/**
 * The value of a column's default, as PostgreSQL prints it, where it is a literal: what an expression such as now()
 * gives is another value for each row. Null where there is none, or it is NULL.
 */
export function defaultValueOf(defaultSql: string | null): string | boolean | null {
  if (defaultSql === null) return null;
  if (defaultSql === 'true' || defaultSql === 'false') return defaultSql === 'true';
  const text = textLiteral.exec(defaultSql)?.[1];
  if (text !== undefined) return text.replaceAll("''", "'");
  return numberLiteral.exec(defaultSql)?.[1] ?? null;
}
