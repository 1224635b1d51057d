/** Digits after which every decimal names one float4. */
const float4Digits = 9;

/** The number that PostgreSQL prints for the float4 nearest to a value: the decimal with the fewest digits that names it. */
export function printedFloat4(value: number): number {
  const near = Math.fround(value);
  // toPrecision drops the sign of zero.
  if (near === 0) return near;
  for (let digits = 1; digits < float4Digits; digits += 1) {
    const printed = Number(near.toPrecision(digits));
    if (Math.fround(printed) === near) return printed;
  }
  return Number(near.toPrecision(float4Digits));
}
