/** SQLite's operators of equality, each as PostgreSQL writes it. */
export const equalities: Readonly<Record<string, string>> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  IS: 'IS NOT DISTINCT FROM',
  'IS NOT': 'IS DISTINCT FROM',
};

/** The operators of order, which both write alike. */
export const orders = ['<', '<=', '>', '>='];
