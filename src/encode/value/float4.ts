/** Digits after which every decimal names one float4. */
const float4Digits = 9;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/**
 * The number that PostgreSQL prints for the float4 nearest to a value: the decimal with the fewest digits that names it
 * (src/common/f2s.c). One that lies midway between two float4 names neither.
 */
export function printedFloat4(value: number): number {
  const near = Math.fround(value);
  // toPrecision drops the sign of zero.
  if (near === 0) return near;
  for (let digits = 1; digits < float4Digits; digits += 1) {
    const printed = Number(near.toPrecision(digits));
    if (Math.fround(printed) === near && !isMidway(printed, near)) return printed;
  }
  return Number(near.toPrecision(float4Digits));
}

/** Whether a number is as far from the float4 `near` as from the next one on its side. */
function isMidway(printed: number, near: number): boolean {
  if (printed === near || !Number.isFinite(near)) return false;
  float[0] = near;
  bits[0] = (bits[0] as number) + (printed > near === near > 0 ? 1 : -1);
  return 2 * Math.abs(printed - near) >= Math.abs((float[0] as number) - near);
}
