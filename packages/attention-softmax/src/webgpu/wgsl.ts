/** WGSL that the kernels share: segments, and where blocks lie. Texts use the bindings and uniforms that `kernels.ts` names. */

/** The memories of this package, by the names of their bindings; `own` are the run's own rows, in k and v. */
export type MemoryName = 'fresh' | 'ring' | 'pool' | 'own';

/** How the components of a head are taken: four at a time where its width allows. */
export interface HeadShape {
  readonly headDim: number;
  /** Element of rows and of memories. */
  readonly element: 'f32' | 'vec4f';
  /** Elements of a head. */
  readonly elements: number;
}

export function headShape(headDim: number): HeadShape {
  return headDim % 4 === 0 ? { headDim, element: 'vec4f', elements: headDim / 4 } : flatShape(headDim);
}

/** Components one at a time, whatever the width. */
export const flatShape = (headDim: number): HeadShape => ({ headDim, element: 'f32', elements: headDim });

/** Constants of the text: loops over a head are unrolled by compilers that know its width. */
export function headConstants({ headDim, element, elements }: HeadShape): string {
  return /* wgsl */ `
const D: i32 = ${headDim};
const N: i32 = ${elements};
alias Element = ${element};
`;
}

/** Segments as `layout.ts` reads them. A place is the first position of a fresh block. */
export const segmentText = /* wgsl */ `
struct Segment { first_row: i32, rows: i32, slot: i32, start: i32, fresh_block: i32 }
struct Place { found: bool, segment: Segment, position: i32 }

fn segment_at(index: i32) -> Segment {
  let words = segments[index];
  return Segment(words.x, min(words.y, params.rows - words.x), words.z, words.w, (words.x + 7) / 8 + 2 * index);
}

fn segment_of_row(row: i32) -> Segment {
  for (var index = 0; index < params.segment_count; index++) {
    let words = segments[index];
    if (row >= words.x && row < words.x + words.y) { return segment_at(index); }
  }
  return Segment();
}

fn place_of_block(block: i32) -> Place {
  for (var index = 0; index < params.segment_count; index++) {
    let segment = segment_at(index);
    if (segment.rows <= 0) { continue; }
    let first = segment.start / 8;
    let at = block - segment.fresh_block;
    if (at >= 0 && at <= (segment.start + segment.rows - 1) / 8 - first) {
      return Place(true, segment, 8 * (first + at));
    }
  }
  return Place();
}
`;

/** `<memory>_at(…)`: the first float of a block. `kind` is 0 for keys, 1 for values. */
const addressTexts: Readonly<Record<Exclude<MemoryName, 'own'>, string>> = {
  fresh: /* wgsl */ `
fn fresh_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = segment.fresh_block + position / 8 - segment.start / 8;
  return ((kind * params.key_value_heads + head) * params.fresh_blocks + block) * 8 * D;
}
`,
  ring: /* wgsl */ `
fn ring_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = (position / 8) % params.ring_blocks;
  return (((segment.slot * 2 + kind) * params.key_value_heads + head) * params.ring_blocks + block) * 8 * D;
}
`,
  pool: /* wgsl */ `
fn pool_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let block = position / 8;
  let page = page_table[segment.slot * params.pages_per_sequence + block / params.page_blocks];
  return (((page * 2 + kind) * params.key_value_heads + head) * params.page_blocks + block % params.page_blocks) * 8 * D;
}
`,
};

export function addressText(memory: Exclude<MemoryName, 'own'>): string {
  return addressTexts[memory];
}

/**
 * `<memory>_key(at, d, half)`: component d of four keys of the block whose keys begin at float `at`; `<memory>_lane_key(at, d, lane)`: of
 * one; `<memory>_value(at, lane, n)`: element n of a value. For memories bound as arrays of `Element`.
 */
export function readText(memory: MemoryName, { element }: HeadShape): string {
  const key =
    element === 'vec4f'
      ? `${memory}[at / 4 + 2 * d + half]`
      : `vec4f(${[0, 1, 2, 3].map((lane) => `${memory}[at + 8 * d + 4 * half + ${lane}]`).join(', ')})`;
  const laneKey =
    element === 'vec4f' ? `${memory}[at / 4 + 2 * d + lane / 4][lane % 4]` : `${memory}[at + 8 * d + lane]`;
  const value = element === 'vec4f' ? `${memory}[at / 4 + lane * N + n]` : `${memory}[at + lane * D + n]`;
  return /* wgsl */ `
fn ${memory}_key(at: i32, d: i32, half: i32) -> vec4f { return ${key}; }
fn ${memory}_lane_key(at: i32, d: i32, lane: i32) -> f32 { return ${laneKey}; }
fn ${memory}_value(at: i32, lane: i32, n: i32) -> Element { return ${value}; }
`;
}

/**
 * The functions of `addressText` and `readText` for blocks that hold rows of the run: these from k and v, positions before them from
 * the memory `stored`, whose functions stand in front.
 */
export function ownText(stored: 'ring' | 'pool'): string {
  return /* wgsl */ `
struct Own { head: i32, row: i32, first: i32, last: i32, keys: i32, values: i32 }
var<private> own: Own;

fn own_at(segment: Segment, kind: i32, head: i32, position: i32) -> i32 {
  let first = segment.start - position;
  let keys = ${stored}_at(segment, 0, head, position);
  let values = ${stored}_at(segment, 1, head, position);
  own = Own(head, segment.first_row - first, first, first + segment.rows - 1, keys, values);
  return 0;
}
fn own_key(at: i32, d: i32, half: i32) -> vec4f {
  var key = vec4f();
  if (4 * half < own.first) { key = ${stored}_key(own.keys, d, half); }
  for (var lane = max(own.first - 4 * half, 0); lane <= min(own.last - 4 * half, 3); lane++) {
    key[lane] = k[((own.row + 4 * half + lane) * params.key_value_heads + own.head) * D + d];
  }
  return key;
}
fn own_lane_key(at: i32, d: i32, lane: i32) -> f32 {
  if (lane < own.first) { return ${stored}_lane_key(own.keys, d, lane); }
  return k[((own.row + lane) * params.key_value_heads + own.head) * D + d];
}
fn own_value(at: i32, lane: i32, n: i32) -> Element {
  if (lane < own.first) { return ${stored}_value(own.values, lane, n); }
  return v[((own.row + lane) * params.key_value_heads + own.head) * N + n];
}
`;
}
