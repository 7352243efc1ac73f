/**
 * Gated retention in WGSL. Column c of the state is a recurrence of its own, S_c = gamma S_c + a b[c] with the result
 * x·S_c, so that an invocation keeps one column in registers and walks the rows of its segment; no chunks, no barriers.
 */

const constants = (headDim: number): string => `const D: i32 = ${headDim};\n`;

/** ln gamma of a logit; without log1p it is exact to an absolute 1e-8, which is what a sum of them needs. */
const decayText = /* wgsl */ `
fn gamma(logit: f32) -> f32 { return exp((min(logit, 0.0) - log(1.0 + exp(-abs(logit)))) / 16.0); }
`;

const segmentText = /* wgsl */ `
struct Segment { first: i32, end: i32, slot: i32, start: i32 }
fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.x + words.y, params.rows), words.z, words.w);
}
`;

/** a, b, x → result: `o = x·S` row by row, from the first row on; with `states` the segment's slot goes in and out. */
export function forwardText(headDim: number, states: boolean): string {
  const stateAt = 'states[((segment.slot * params.heads + head) * D + i) * D + column]';
  return /* wgsl */ `${constants(headDim)}${decayText}${segmentText}
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = i32(id.x);
  let head = i32(id.y);
  let segment = segment_at(i32(id.z));
  if (column >= D || segment.end <= segment.first) { return; }
  var state: array<f32, D>;
  for (var i = 0; i < D; i++) { state[i] = 0.0; }
  ${states ? `if (segment.start > 0) { for (var i = 0; i < D; i++) { state[i] = ${stateAt}; } }` : ''}
  for (var row = segment.first; row < segment.end; row++) {
    let at = (row * params.heads + head) * D;
    let fade = gamma(decay[row * params.heads + head]);
    let content = v[at + column];
    var sum = 0.0;
    for (var i = 0; i < D; i++) {
      let entry = fade * state[i] + k[at + i] * content;
      state[i] = entry;
      sum += q[at + i] * entry;
    }
    o[at + column] = sum * params.scale;
  }
  ${states ? `for (var i = 0; i < D; i++) { ${stateAt} = state[i]; }` : ''}
}
`;
}

/**
 * The way back, from the last row to the first: S_c = S_c gamma of the row behind + a b[c], result x·S_c. With a = q, b = g, x = k
 * the gradient of v, with a = g, b = q, x = v that of k.
 */
export function reversedText(headDim: number): string {
  return /* wgsl */ `${constants(headDim)}${decayText}${segmentText}
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = i32(id.x);
  let head = i32(id.y);
  let segment = segment_at(i32(id.z));
  if (column >= D) { return; }
  var state: array<f32, D>;
  for (var i = 0; i < D; i++) { state[i] = 0.0; }
  var fade = 0.0;
  for (var row = segment.end - 1; row >= segment.first; row--) {
    let at = (row * params.heads + head) * D;
    let content = b[at + column];
    var sum = 0.0;
    for (var i = 0; i < D; i++) {
      let entry = fade * state[i] + a[at + i] * content;
      state[i] = entry;
      sum += x[at + i] * entry;
    }
    result[at + column] = sum * params.scale;
    fade = gamma(decay[row * params.heads + head]);
  }
}
`;
}

/** q, k and their gradients → q·dq − k·dk of every (row, head). */
export function decayTermsText(headDim: number): string {
  return /* wgsl */ `${constants(headDim)}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  if (row >= params.rows) { return; }
  let index = row * params.heads + i32(id.y);
  var sum = 0.0;
  for (var d = 0; d < D; d++) {
    let at = index * D + d;
    sum += q[at] * of_queries[at] - k[at] * of_keys[at];
  }
  terms[index] = sum;
}
`;
}

/** Sums of the terms from every row to the segment's last, times the derivative of ln gamma; 0 at the first row. */
export const decaySumsText = /* wgsl */ `${segmentText}
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = i32(id.x);
  let segment = segment_at(i32(id.y));
  if (head >= params.heads || segment.end <= segment.first) { return; }
  var sum = 0.0;
  // what rounding takes from the sum is put back with the next term (Kahan 1965)
  var lost = 0.0;
  for (var row = segment.end - 1; row > segment.first; row--) {
    let index = row * params.heads + head;
    let term = terms[index] - lost;
    let next = sum + term;
    lost = (next - sum) - term;
    sum = next;
    of_decay[index] = sum / (1.0 + exp(min(decay[index], 80.0))) / 16.0;
  }
  of_decay[segment.first * params.heads + head] = 0.0;
}
`;
