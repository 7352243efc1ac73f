/**
 * ALiBi: causal softmax attention in which a key loses `slope · distance` instead of being rotated.   Press, Smith and Lewis 2022
 * (arXiv 2108.12409). Query head h of H has the slope 2^(−biasMax · (h + 1) / H), and reads key/value head floor(h · G / H).
 *
 * Without memory a run attends over its own rows; with memory it first stores them in pages, and then attends over these. A
 * page is [pageLength, 2·G·D]: a row a position, keys of all heads and then values.
 */
import { readSegments, type Segment } from '@yoco-u/attention-softmax';
import { type KernelSpec, type NumberArray, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, sameType } from '@yoco-u/tensor';
import { type AlibiParams, shapeOf } from './params.ts';
import { attend, forEachQuery, type Memory, probabilities } from './reference.ts';

type Maybe = TensorType | undefined;

function isRows(type: Maybe): type is TensorType {
  return type?.format.name === 'f32' && type.shape.length === 2;
}

/** i32 [any, width]. */
function isTable(type: Maybe, width = type?.shape[1]): boolean {
  return type?.format.name === 'i32' && type.shape.length === 2 && type.shape[1] === width;
}

/** f32 [pages, pageLength, 2·keyWidth]. */
function isPool(type: Maybe, keyWidth: number): boolean {
  return type?.format.name === 'f32' && type.shape.length === 3 && type.shape[2] === 2 * keyWidth;
}

/** Query heads are a multiple of key/value heads. */
function headsFit(queryWidth: number, keyWidth: number, headDim: number): boolean {
  return keyWidth % headDim === 0 && queryWidth % keyWidth === 0;
}

/** q, k, v and segments of a run. */
function isRun([q, k, v, segments]: readonly Maybe[], { headDim }: AlibiParams): boolean {
  const rows = isRows(q) && isRows(k) && isRows(v) && sameType(k, v) && q.shape[0] === k.shape[0];
  return rows && headsFit(q.shape[1]!, k.shape[1]!, headDim) && isTable(segments, 4);
}

function expectInputs(where: string, inputs: readonly TensorType[], expected: string, fit: boolean): void {
  if (!fit) throw new ShapeError({ where, expected, got: inputs.map(describeType).join(', ') || 'no inputs' });
}

/** The rows of a run as its memory: no row sees anything before its segment. */
function ownRows(k: NumberArray, v: NumberArray, keyWidth: number): Memory {
  const at = (segment: Segment, position: number): number => (segment.firstRow + position - segment.start) * keyWidth;
  return { keys: k, values: v, earliest: ({ start }) => start, keyAt: at, valueAt: at };
}

/** Where a position's row begins in the pool. */
function pageRows(pool: TensorType, tableType: TensorType, table: NumberArray) {
  const [, pageLength, width] = pool.shape;
  return ({ slot }: Segment, position: number): number => {
    const page = table[slot * tableType.shape[1]! + Math.floor(position / pageLength!)]!;
    return (page * pageLength! + (position % pageLength!)) * width!;
  };
}

/** Attention of a run over its own rows: q, k, v, segments → [T, H·D]. */
export const alibi: KernelSpec<AlibiParams> = {
  name: 'attention.alibi',
  infer(inputs, params) {
    expectInputs('attention.alibi', inputs, 'q [T, H·D], k and v [T, G·D], segments [S, 4]', isRun(inputs, params));
    return [inputs[0]!];
  },
  cost: ([q, k]) => ({ flops: 2 * elementCount(q!) * q!.shape[0]!, bytes: 2 * byteLength(q!) + 2 * byteLength(k!) }),
  reference({ inputs: [q, k, v, table], outputs: [out], inputTypes, params, value }) {
    const keyWidth = inputTypes[1]!.shape[1]!;
    const segments = readSegments(table!, value(params.segmentCount), value(params.rows));
    attend(segments, shapeOf(inputTypes[0]!, keyWidth, params), ownRows(k!, v!, keyWidth), q!, out!);
  },
  backward(graph, { inputs, params }, [gradient]) {
    if (gradient === undefined) return [];
    // queries, keys and values have a gradient; segments have none
    return graph.call(alibiBackward, [...inputs, gradient], params);
  },
};

/**
 * Gradients of `attention.alibi`, probabilities p computed anew: q, k, v, segments, gradient g of the output → gradients of q, k
 * and v.
 *
 * dv_j = Σ p_ij g_i,  ds_ij = p_ij (g_i·v_j − Σ p_il g_i·v_l),  dq_i = Σ ds_ij k_j / √D,  dk_j = Σ ds_ij q_i / √D.
 */
export const alibiBackward: KernelSpec<AlibiParams> = {
  name: 'attention.alibi_backward',
  infer(inputs, params) {
    const [q, k, v, , gradient] = inputs;
    const fit = isRun(inputs, params) && gradient !== undefined && sameType(gradient, q!);
    expectInputs('attention.alibi_backward', inputs, 'the inputs of attention.alibi and a gradient like q', fit);
    return [q!, k!, v!];
  },
  cost: ([q, k]) => ({ flops: 6 * elementCount(q!) * q!.shape[0]!, bytes: 3 * byteLength(q!) + 4 * byteLength(k!) }),
  reference({ inputs: [q, k, v, table, gradient], outputs: [ofQ, ofK, ofV], inputTypes, params, value }) {
    const keyWidth = inputTypes[1]!.shape[1]!;
    const shape = shapeOf(inputTypes[0]!, keyWidth, params);
    const segments = readSegments(table!, value(params.segmentCount), value(params.rows));
    const memory = ownRows(k!, v!, keyWidth);
    const { headDim } = shape;
    for (const { firstRow, rows } of segments) {
      ofQ!.fill(0, firstRow * inputTypes[0]!.shape[1]!, (firstRow + rows) * inputTypes[0]!.shape[1]!);
      for (const of of [ofK!, ofV!]) of.fill(0, firstRow * keyWidth, (firstRow + rows) * keyWidth);
    }
    forEachQuery(segments, shape, (query) => {
      const { at, offset, segment } = query;
      const found = probabilities(shape, memory, q!, query);
      const keyOf = (j: number): number => memory.keyAt(segment, segment.start + j) + offset;
      const ofProbability = found.map((_, j) => {
        let sum = 0;
        for (let d = 0; d < headDim; d++) sum += gradient![at + d]! * v![keyOf(j) + d]!;
        return sum;
      });
      const mean = found.reduce((sum, probability, j) => sum + probability * ofProbability[j]!, 0);
      found.forEach((probability, j) => {
        const key = keyOf(j);
        const ofScore = (probability * (ofProbability[j]! - mean)) / Math.sqrt(headDim);
        for (let d = 0; d < headDim; d++) {
          ofQ![at + d] = ofQ![at + d]! + ofScore * k![key + d]!;
          ofK![key + d] = ofK![key + d]! + ofScore * q![at + d]!;
          ofV![key + d] = ofV![key + d]! + probability * gradient![at + d]!;
        }
      });
    });
  },
};

/** Writes the rows of a run to their pages: k, v, segments, page table, pool (updated in place) → nothing. */
export const alibiStore: KernelSpec<AlibiParams> = {
  name: 'attention.alibi_store',
  updates: [4],
  infer(inputs, params) {
    const [k, v, segments, table, pool] = inputs;
    const fit = isRun([k, k, v, segments], params) && isTable(table) && isPool(pool, k!.shape[1]!);
    const expected = 'k and v [T, G·D], segments [S, 4], page table [slots, pages], pool [pages, length, 2·G·D]';
    expectInputs('attention.alibi_store', inputs, expected, fit);
    return [];
  },
  cost: ([k]) => ({ flops: 0, bytes: 4 * byteLength(k!) }),
  reference({ inputs: [k, v, table, pages, pool], inputTypes, params, value }) {
    const keyWidth = inputTypes[0]!.shape[1]!;
    const rowAt = pageRows(inputTypes[4]!, inputTypes[3]!, pages!);
    for (const segment of readSegments(table!, value(params.segmentCount), value(params.rows))) {
      for (let row = 0; row < segment.rows; row++) {
        const from = (segment.firstRow + row) * keyWidth;
        const to = rowAt(segment, segment.start + row);
        pool!.set(k!.subarray(from, from + keyWidth), to);
        pool!.set(v!.subarray(from, from + keyWidth), to + keyWidth);
      }
    }
  },
};

/** Attention over pages, into which the run's own rows were stored: q, segments, page table, pool → [T, H·D]. */
export const alibiPaged: KernelSpec<AlibiParams> = {
  name: 'attention.alibi_paged',
  infer(inputs, params) {
    const [q, segments, table, pool] = inputs;
    const keyWidth = (pool?.shape[2] ?? 0) / 2;
    const pages = isTable(table) && isPool(pool, keyWidth);
    const fit = pages && isRun([q, q, q, segments], params) && headsFit(q!.shape[1]!, keyWidth, params.headDim);
    const expected = 'q [T, H·D], segments [S, 4], page table [slots, pages], pool [pages, length, 2·G·D]';
    expectInputs('attention.alibi_paged', inputs, expected, fit);
    return [q!];
  },
  cost([q, segments, table, pool]) {
    const stored = table!.shape[1]! * pool!.shape[1]!;
    const bytes = 2 * byteLength(q!) + 4 * segments!.shape[0]! * stored * pool!.shape[2]!;
    return { flops: 4 * elementCount(q!) * stored, bytes };
  },
  reference({ inputs: [q, table, pages, pool], outputs: [out], inputTypes, params, value }) {
    const keyWidth = inputTypes[3]!.shape[2]! / 2;
    const keyAt = pageRows(inputTypes[3]!, inputTypes[2]!, pages!);
    const memory: Memory = {
      keys: pool!,
      values: pool!,
      earliest: () => 0,
      keyAt,
      valueAt: (segment, position) => keyAt(segment, position) + keyWidth,
    };
    const segments = readSegments(table!, value(params.segmentCount), value(params.rows));
    attend(segments, shapeOf(inputTypes[0]!, keyWidth, params), memory, q!, out!);
  },
};

/** Every kernel that the variant records, gradients included. */
export const alibiKernels = [alibi, alibiBackward, alibiStore, alibiPaged];
