/** How the WASM backend calls the module: words and workspace of every kernel. Words as in `assembly/alibi.ts`. */
import type { AnyWasmKernel, CallDescription, TensorType, WasmKernel, WasmWord } from '@yoco-u/spec';
import { alibiModule } from './alibi.wasm.ts';
import { type AlibiParams, shapeOf } from './params.ts';

/** Bytes of a thread's own: constants of exp, and four scores. */
const ownBytes = 128;

/** Segment count · rows · D · H · G · scale · what `more` holds · the slopes. */
function words(params: AlibiParams, q: TensorType, keyWidth: number, ...more: readonly number[]): WasmWord[] {
  const { heads, keyValueHeads, headDim, slopes } = shapeOf(q, keyWidth, params);
  return [
    { cell: params.segmentCount, type: 'i32' },
    { cell: params.rows, type: 'i32', most: q.shape[0]! },
    headDim,
    heads,
    keyValueHeads,
    { f32: 1 / Math.sqrt(headDim) },
    ...more,
    ...slopes.map((slope) => ({ f32: slope })),
  ];
}

const workspace = (_: CallDescription, threads: number): number => threads * ownBytes;

const alibi: WasmKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi',
  module: alibiModule,
  phases: ['alibi'],
  encode: ({ inputs: [q, k], params }) => words(params, q!, k!.shape[1]!),
  workspace,
};

const alibiBackward: WasmKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_backward',
  module: alibiModule,
  phases: ['alibi_backward_queries', 'alibi_backward_keys'],
  encode: ({ inputs: [q, k], params }) => words(params, q!, k!.shape[1]!),
  // three numbers a (row, head) besides
  workspace: ({ inputs: [q], params }, threads) =>
    threads * ownBytes + (12 * q!.shape[0]! * q!.shape[1]!) / params.headDim,
};

const alibiStore: WasmKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_store',
  module: alibiModule,
  phases: ['alibi_store'],
  encode: ({ inputs: [k, , , table, pool], params }) =>
    words(params, k!, k!.shape[1]!, pool!.shape[1]!, table!.shape[1]!),
  workspace,
  serial: ({ inputs: [k] }) => k!.shape[0]! * k!.shape[1]! < 8192,
};

const alibiPaged: WasmKernel<AlibiParams> = {
  abi: 1,
  kernel: 'attention.alibi_paged',
  module: alibiModule,
  phases: ['alibi_paged'],
  encode: ({ inputs: [q, , table, pool], params }) =>
    words(params, q!, pool!.shape[2]! / 2, pool!.shape[1]!, table!.shape[1]!),
  workspace,
};

export const alibiWasmKernels: readonly AnyWasmKernel[] = [alibi, alibiBackward, alibiStore, alibiPaged];
