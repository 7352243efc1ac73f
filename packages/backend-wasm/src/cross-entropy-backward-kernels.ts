/** The gradients of `linear_cross_entropy` in WebAssembly: blocks of rows, two phases a block. */
import type { AnyWasmKernel, TensorType, WasmKernel } from '@yoco-u/spec';
import {
  elementCount,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  type RowParams,
  rowCount,
  width,
} from '@yoco-u/tensor';
import {
  linearScratchBytes,
  outerProductScratchBytes,
  panelColumns,
  rowMajor,
  rows,
  serialFlops,
  wideTiles,
} from './kernel-calls.ts';
import { trainingModule as module } from './training.wasm.ts';

/** Count of blocks, constants, scratch of the products; `assembly/cross-entropy-backward.ts` has the same. */
const threadBytes = 128 + Math.max(linearScratchBytes, outerProductScratchBytes);
/** What the gradients of a block's logits may take, so that they are still in a last-level cache when they are read. */
const logitBytes = 8 * 2 ** 20;
/** Shorter blocks would spend their time on adding to dW. */
const fewestBlockRows = 128;
/** Where this many are too few, blocks grow beyond `logitBytes`. */
const mostBlocks = 64;

interface Blocks {
  /** A power of two: how often the phases of a block are run. */
  readonly count: number;
  readonly rows: number;
}

/** Blocks of rows of a call; they depend on its shapes alone, so that its bits do, too. */
function blocksOf([x, weight]: readonly TensorType[]): Blocks {
  const most = Math.max(fewestBlockRows, Math.floor(logitBytes / (4 * rowCount(weight!))));
  const needed = Math.max(1, Math.ceil(rowCount(x!) / most));
  const count = Math.min(mostBlocks, 2 ** Math.ceil(Math.log2(needed)));
  return { count, rows: Math.ceil(rowCount(x!) / count / 32) * 32 };
}

/** A form of the kernel for calls of `count` blocks. */
function crossEntropyBackward(kernel: string, count: number, add: boolean): WasmKernel<RowParams> {
  const block = ['linear_cross_entropy_backward_rows', 'linear_cross_entropy_backward_weight'];
  return {
    kernel,
    module,
    abi: 1,
    phases: ['linear_cross_entropy_backward_pack', ...Array.from({ length: count }, () => block).flat()],
    select(call) {
      const answer = rowMajor(call);
      if (answer !== true) return answer;
      return blocksOf(call.inputs).count === count || `not ${count} blocks of rows`;
    },
    encode: ({ inputs, params }) => [
      rows(params, inputs[0]!),
      width(inputs[0]!),
      rowCount(inputs[1]!),
      blocksOf(inputs).rows,
      add ? 1 : 0,
      wideTiles,
    ],
    workspace({ inputs }, threads) {
      const C = width(inputs[0]!);
      const V = rowCount(inputs[1]!);
      const packed = panelColumns(V) * C + panelColumns(C) * V;
      return threads * threadBytes + (packed + blocksOf(inputs).rows * V) * 4;
    },
    serial: ({ inputs: [x, weight] }) => 6 * elementCount(x!) * rowCount(weight!) < serialFlops,
  };
}

const blockCounts = Array.from({ length: Math.log2(mostBlocks) + 1 }, (_, exponent) => 2 ** exponent);

/** One form for every count of blocks. */
export const crossEntropyBackwardWasmKernels: readonly AnyWasmKernel[] = [
  ...blockCounts.map((count) => crossEntropyBackward(linearCrossEntropyBackward.name, count, false)),
  ...blockCounts.map((count) => crossEntropyBackward(linearCrossEntropyAccumulate.name, count, true)),
];
