import type { ColumnPlan } from '../../model/plan.js';
import { Storage } from '../../model/value.js';
import type { RowEdit } from './row-edit.js';

const integerText = /^-?\d{1,19}$/;

/** Sets the value that the policy names, else the literal default of the target column. False where there is neither. */
export function toDefault(edit: RowEdit, index: number, column: ColumnPlan, hazard: string): boolean {
  const { policies = {}, defaultValue, kind } = column;
  const policy = policies[hazard] ?? policies['*'];
  const named = typeof policy === 'object' && policy.convert === 'default' ? policy.value : undefined;
  const value = named ?? defaultValue;
  if (value === undefined) return false;
  const text = String(value);
  if (kind.tag === 'bool' && /^(t|true|f|false)$/i.test(text))
    edit.setNumber(index, /^t/i.test(text) ? 1 : 0, Storage.Integer);
  else if (kind.tag === 'bytea') edit.setBytes(index, bytesOfLiteral(text), Storage.Blob);
  else if (isNumeric(column) && integerText.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text))
    edit.setInteger(index, BigInt(text));
  else if ((kind.tag === 'float4' || kind.tag === 'float8') && Number.isFinite(Number(text)))
    edit.setNumber(index, Number(text), Storage.Real);
  else edit.setBytes(index, Buffer.from(text), Storage.Text);
  return true;
}

function isNumeric({ kind }: ColumnPlan): boolean {
  return ['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric'].includes(kind.tag);
}

/** bytea as PostgreSQL writes it, in hex digits after \x; else the bytes of the text. */
function bytesOfLiteral(text: string): Buffer {
  return /^\\x([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text);
}
