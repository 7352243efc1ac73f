// ln gamma = logsigmoid(x) / 16 of four decay logits at once.
import { exponential } from 'kernel/exponential';
import { fma } from 'kernel/simd';

/**
 * logsigmoid(x) = min(x, 0) - ln(1 + u), u = exp(-|x|), and ln(1 + u) = 2 artanh(t), t = u / (2 + u) <= 1/3: eight terms of
 * the series leave 2e-9, and small u keep their relative precision. Relative error below 4e-7; 0 for x above 87.
 */
export function logDecay(x: v128, exponentialConstants: usize): v128 {
  const u = exponential(f32x4.neg(f32x4.abs(x)), exponentialConstants);
  const t = f32x4.div(u, f32x4.add(u, f32x4.splat(2.0)));
  const z = f32x4.mul(t, t);
  let p = fma(z, f32x4.splat(1.0 / 15.0), f32x4.splat(1.0 / 13.0));
  p = fma(p, z, f32x4.splat(1.0 / 11.0));
  p = fma(p, z, f32x4.splat(1.0 / 9.0));
  p = fma(p, z, f32x4.splat(1.0 / 7.0));
  p = fma(p, z, f32x4.splat(1.0 / 5.0));
  p = fma(p, z, f32x4.splat(1.0 / 3.0));
  p = fma(p, z, f32x4.splat(1.0));
  // pmin(a, b) is b < a ? b : a: a NaN logit comes through
  const low = f32x4.pmin(x, f32x4.splat(0.0));
  return f32x4.mul(f32x4.sub(low, f32x4.mul(f32x4.add(t, t), p)), f32x4.splat(0.0625));
}
