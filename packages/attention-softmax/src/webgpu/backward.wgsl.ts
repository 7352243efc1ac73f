/**
 * Gradient of softmax attention in WGSL, probabilities computed anew from the statistics: one dispatch for the queries, one for
 * keys and values, so that no invocation adds to another's sums.
 */
import { addressText, type HeadShape, headConstants, readText, segmentText } from './wgsl.ts';

/** One invocation a (row, head): gradient of q, and g·out, which the second dispatch needs too. */
export function queryGradientText(shape: HeadShape): string {
  const product = shape.element === 'vec4f' ? 'dot(a, b)' : 'a * b';
  return /* wgsl */ `${headConstants(shape)}${segmentText}${addressText('fresh')}${readText('fresh', shape)}
fn product(a: Element, b: Element) -> f32 { return ${product}; }

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = i32(id.x);
  let query_head = i32(id.y);
  if (row >= params.rows) { return; }
  let segment = segment_of_row(row);
  let last = segment.start + row - segment.first_row;
  let first = select(segment.start, max(segment.start, last - params.window + 1), params.window > 0);
  let head = query_head / params.group;
  let index = row * params.key_value_heads * params.group + query_head;
  let found = statistics[index];
  var mean = 0.0;
  for (var n = 0; n < N; n++) { mean += product(gradient[index * N + n], out[index * N + n]); }
  means[index] = mean;
  var of_query: array<f32, D>;
  for (var d = 0; d < D; d++) { of_query[d] = 0.0; }
  for (var position = first - first % 8; position <= last; position += 8) {
    let keys = fresh_at(segment, 0, head, position);
    let values = fresh_at(segment, 1, head, position);
    var low = vec4f();
    var high = vec4f();
    for (var d = 0; d < D; d++) {
      let component = q[index * D + d];
      low += component * fresh_key(keys, d, 0);
      high += component * fresh_key(keys, d, 1);
    }
    var scores = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
    for (var lane = 0; lane < 8; lane++) {
      let seen = position + lane >= first && position + lane <= last;
      if (!seen) { scores[lane] = 0.0; continue; }
      let probability = exp(scores[lane] * params.scale - found.x) / found.y;
      var of_probability = 0.0;
      for (var n = 0; n < N; n++) { of_probability += product(gradient[index * N + n], fresh_value(values, lane, n)); }
      scores[lane] = probability * (of_probability - mean) * params.scale;
    }
    low = vec4f(scores[0], scores[1], scores[2], scores[3]);
    high = vec4f(scores[4], scores[5], scores[6], scores[7]);
    for (var d = 0; d < D; d++) {
      of_query[d] += dot(low, fresh_key(keys, d, 0)) + dot(high, fresh_key(keys, d, 1));
    }
  }
  for (var d = 0; d < D; d++) { of_queries[index * D + d] = of_query[d]; }
}
`;
}

/** One invocation a position and key/value head: gradients of its key and value, over all queries that see it. */
export function keyGradientText(shape: HeadShape): string {
  return /* wgsl */ `const D: i32 = ${shape.headDim};
${segmentText}${addressText('fresh')}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = i32(id.y);
  let place = place_of_block(i32(id.x) / 8);
  if (!place.found) { return; }
  let segment = place.segment;
  let lane = i32(id.x) % 8;
  let position = place.position + lane;
  let keys = fresh_at(segment, 0, head, position);
  let values = fresh_at(segment, 1, head, position);
  var key: array<f32, D>;
  var content: array<f32, D>;
  var of_key: array<f32, D>;
  var of_value: array<f32, D>;
  for (var d = 0; d < D; d++) {
    key[d] = fresh[keys + d * 8 + lane];
    content[d] = fresh[values + lane * D + d];
    of_key[d] = 0.0;
    of_value[d] = 0.0;
  }
  let own = position >= segment.start && position < segment.start + segment.rows;
  var end = segment.start + segment.rows;
  if (params.window > 0) { end = min(end, position + params.window); }
  if (!own) { end = position; }
  for (var reader = position; reader < end; reader++) {
    let row = segment.first_row + reader - segment.start;
    for (var member = 0; member < params.group; member++) {
      let index = row * params.key_value_heads * params.group + head * params.group + member;
      let found = statistics[index];
      var score = 0.0;
      var of_probability = 0.0;
      for (var d = 0; d < D; d++) {
        score += q[index * D + d] * key[d];
        of_probability += gradient[index * D + d] * content[d];
      }
      let probability = exp(score * params.scale - found.x) / found.y;
      let of_score = probability * (of_probability - means[index]) * params.scale;
      for (var d = 0; d < D; d++) {
        of_key[d] += of_score * q[index * D + d];
        of_value[d] += probability * gradient[index * D + d];
      }
    }
  }
  for (var d = 0; d < D; d++) {
    of_fresh[keys + d * 8 + lane] = of_key[d];
    of_fresh[values + lane * D + d] = of_value[d];
  }
}
`;
}
