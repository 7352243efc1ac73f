/** The products that a training step spends its time in: three a linear, the cross-entropy of the head and its gradient. */
import type { Graph, Program, Tensor } from '@yoco-u/spec';
import {
  createGraph,
  f32,
  i32,
  linear,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearInputBackward,
  linearWeightAccumulate,
  tensorType,
} from '@yoco-u/tensor';

export interface TrainingProgram {
  readonly name: string;
  readonly program: Program;
  readonly flops: number;
}

/** Rows of a step: 12 sequences of 256 tokens. */
const rows = 3072;
/** out, in. */
const linears = [
  [344, 128],
  [128, 344],
  [256, 704],
  [2048, 128],
] as const;
const heads = [
  [2048, 128],
  [4096, 256],
] as const;

export function trainingPrograms(): readonly TrainingProgram[] {
  return [
    ...linears.flatMap(([out, inner]) => {
      const flops = 2 * rows * out * inner;
      const named = (name: string, build: (graph: Graph) => Readonly<Record<string, Tensor>>): TrainingProgram => ({
        name: `${name} ${rows}x${out}x${inner}`,
        program: built(build),
        flops,
      });
      return [
        named('linear, packed first,', (graph) => ({
          y: graph.call(linear, [input(graph, 'x', rows, inner), input(graph, 'weight', out, inner)], {})[0]!,
        })),
        named('linear_input_backward', (graph) => ({
          dx: graph.call(
            linearInputBackward,
            [input(graph, 'gradient', rows, out), input(graph, 'weight', out, inner)],
            {},
          )[0]!,
        })),
        named('linear_weight_accumulate', (graph) => {
          const sum = graph.declare('state', 'sum', tensorType(f32, out, inner));
          const inputs = [input(graph, 'gradient', rows, out), input(graph, 'x', rows, inner), sum];
          graph.call(linearWeightAccumulate, inputs, {});
          return {};
        }),
      ];
    }),
    ...heads.flatMap(([V, C]) => [
      {
        name: `linear_cross_entropy ${rows}x${V}x${C}`,
        program: built((graph) => ({ losses: graph.call(linearCrossEntropy, head(graph, V, C), {})[0]! })),
        flops: 2 * rows * V * C,
      },
      {
        name: `linear_cross_entropy_accumulate ${rows}x${V}x${C}`,
        program: built((graph) => {
          const sum = graph.declare('state', 'sum', tensorType(f32, V, C));
          const inputs = [...head(graph, V, C), input(graph, 'losses', rows), input(graph, 'gradient', rows), sum];
          return { dx: graph.call(linearCrossEntropyAccumulate, inputs, {})[0]! };
        }),
        flops: 6 * rows * V * C,
      },
    ]),
  ];
}

const input = (graph: Graph, name: string, ...shape: number[]): Tensor =>
  graph.declare('input', name, tensorType(f32, ...shape));

const head = (graph: Graph, V: number, C: number): readonly Tensor[] => [
  input(graph, 'x', rows, C),
  input(graph, 'weight', V, C),
  graph.declare('input', 'targets', tensorType(i32, rows)),
];

function built(build: (graph: Graph) => Readonly<Record<string, Tensor>>): Program {
  const graph = createGraph();
  return graph.build(build(graph));
}
