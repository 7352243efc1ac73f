/**
 * e^x from basic arithmetic only. `Math.exp` may differ in the last bit between engines, which could move the border of a
 * nucleus or of a drawn token; additions and multiplications are exact by IEEE 754, so the same seed gives the same ids everywhere.
 */

const inverseLn2 = 1 / Math.LN2;
// ln 2 in two parts: the first has 16 significant bits, so its product with any k is exact.
const ln2High = 45426 / 2 ** 16;
const ln2Low = 1.4286068203094173e-6;
const smallest = -745;

const powersOfTwo = (() => {
  const powers = new Float64Array(1076);
  powers[0] = 1;
  for (let exponent = 1; exponent < powers.length; exponent++) powers[exponent] = powers[exponent - 1] * 0.5;
  return powers;
})();

const inverseFactorials = (() => {
  const values = new Float64Array(14);
  values[0] = 1;
  for (let n = 1; n < values.length; n++) values[n] = values[n - 1] / n;
  return values;
})();

/**
 * e^x for x <= 0, to about one unit in the last place; 0 below -745 and for -Infinity, NaN for NaN.
 *
 * Cody-Waite reduction x = r - k ln 2 with |r| <= ln 2 / 2, then the Taylor series to degree 13.
 */
export function exponential(x: number): number {
  if (x < smallest) return 0;
  const k = Math.floor(0.5 - x * inverseLn2);
  const r = x + k * ln2High + k * ln2Low;
  let sum = inverseFactorials[13];
  for (let n = 12; n >= 0; n--) sum = sum * r + inverseFactorials[n];
  return sum * powersOfTwo[k];
}
