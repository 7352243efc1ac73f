/** Kernels that pick rows, and those that add rows back to where they came from. */
import type { AnyWebGpuKernel, StorageFormat, Value, WebGpuDispatch, WebGpuKernel } from '@yoco-u/spec';
import {
  type EmbeddingGradientParams,
  type EmbeddingParams,
  elementCount,
  embedding,
  embeddingAccumulate,
  embeddingBackward,
  f32 as f32Format,
  gatherRows,
  gatherRowsBackward,
  type RowParams,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import { type Call, f32, groupsOf, i32, input, loop, output, overElements, rowMajor, stored, typeOf } from './calls.ts';
import { matrixParts } from './matrix-parts.ts';
import { type PanelElements, panelFormats } from './panels.ts';

function embeddingFrom(
  format: StorageFormat,
  place: string,
  { scalar, extensions }: Pick<PanelElements, 'scalar' | 'extensions'>,
): WebGpuKernel<EmbeddingParams> {
  return {
    abi: 1,
    kernel: embedding.name,
    splits: [1],
    select: stored(1, format.name),
    dispatches({ inputs: [ids, table], params }, device) {
      const parts = matrixParts(table!, 1, device);
      const isWhole = parts.length === 1;
      // of several parts, each writes the rows that it holds
      const within = isWhole ? '' : 'id -= params.first;\nif (id < 0 || id >= params.count) { continue; }\n';
      return parts.flatMap(({ first, count, binding }) =>
        overElements(
          params.rows ?? elementCount(ids!),
          width(table!),
          { ids: input(0), weights: binding(scalar), y: output(0) },
          `var id = ids[i / params.width];
if (id < 0 || id >= params.entries) { id = 0; }
${within}let column = i % params.width;
y[i] = f32(weights[${place}]) * params.factor;`,
          {
            entries: i32(rowCount(table!)),
            factor: f32(params.scale),
            ...(isWhole ? {} : { first: i32(first), count: i32(count) }),
          },
          extensions,
        ),
      );
    },
  };
}

/** sum[ids[t]] += gradient[t] · factor. One invocation a column, rows in ascending order: no two add to one element. */
function scatter(
  bindings: WebGpuDispatch['bindings'],
  { rows, columns, entries, factor }: { rows: Value; columns: number; entries: number; factor: number },
): WebGpuDispatch {
  return {
    code: loop(
      'params.width',
      `for (var row = 0; row < params.rows; row++) {
  var id = ids[row];
  if (id < 0 || id >= params.entries) { id = 0; }
  sum[id * params.width + i] += gradient[row * params.width + i] * params.factor;
}`,
    ),
    bindings,
    uniforms: { rows: i32(rows), width: i32(columns), entries: i32(entries), factor: f32(factor) },
    workgroups: () => groupsOf(columns),
  };
}

const zeros = (count: number): readonly WebGpuDispatch[] => overElements(1, count, { sum: output(0) }, 'sum[i] = 0;');

const idRows = ({ inputs: [ids], params }: Call<RowParams>): Value => params.rows ?? elementCount(ids!);

const kernels = {
  embedding: embeddingFrom(f32Format, 'id * params.width + column', { scalar: 'f32', extensions: [] }),
  embeddingAccumulate: {
    abi: 1,
    kernel: embeddingAccumulate.name,
    select: rowMajor,
    dispatches: (call) => [
      scatter(
        { ids: input(0), gradient: input(1), sum: input(2) },
        {
          rows: idRows(call),
          columns: width(typeOf(call, 1)),
          entries: rowCount(typeOf(call, 2)),
          factor: call.params.scale,
        },
      ),
    ],
  } satisfies WebGpuKernel<EmbeddingGradientParams>,
  embeddingBackward: {
    abi: 1,
    kernel: embeddingBackward.name,
    select: rowMajor,
    dispatches: (call) => [
      ...zeros(elementCount(call.outputs[0]!)),
      scatter(
        { ids: input(0), gradient: input(1), sum: output(0) },
        {
          rows: idRows(call),
          columns: width(typeOf(call, 1)),
          entries: rowCount(call.outputs[0]!),
          factor: call.params.scale,
        },
      ),
    ],
  } satisfies WebGpuKernel<EmbeddingGradientParams>,
  gatherRows: {
    abi: 1,
    kernel: gatherRows.name,
    select: rowMajor,
    dispatches: ({ inputs: [x], outputs: [y], params }) =>
      overElements(
        rowsOf(params, y!),
        width(x!),
        { x: input(0), indices: input(1), y: output(0) },
        'y[i] = x[indices[i / params.width] * params.width + i % params.width];',
      ),
  } satisfies WebGpuKernel<RowParams>,
  gatherRowsBackward: {
    abi: 1,
    kernel: gatherRowsBackward.name,
    select: rowMajor,
    dispatches: (call) => [
      ...zeros(elementCount(call.outputs[0]!)),
      scatter(
        { gradient: input(0), ids: input(1), sum: output(0) },
        {
          rows: rowsOf(call.params, typeOf(call, 0)),
          columns: width(typeOf(call, 0)),
          entries: rowCount(call.outputs[0]!),
          factor: 1,
        },
      ),
    ],
  } satisfies WebGpuKernel<RowParams>,
};

const panelPlace = '((id / 8) * params.width + column) * 8 + id % 8';

export const rowKernels: readonly AnyWebGpuKernel[] = [
  ...panelFormats.map((elements) => embeddingFrom(elements.format, panelPlace, elements)),
  ...Object.values(kernels),
];
