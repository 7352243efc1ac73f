/** A recorder that remembers what it was given. */
import type { AnyKernel, Graph, KernelSpec, Params, RecordedCall, Tensor } from '@yoco-u/spec';
import { createGraph } from '@yoco-u/tensor';

export interface HeardCall extends RecordedCall {
  readonly kernel: AnyKernel;
}

export interface ListeningGraph {
  readonly graph: Graph;
  readonly calls: HeardCall[];
}

/** Hears the calls made on it, those that a kernel's `backward` makes on it included. */
export function listeningGraph(): ListeningGraph {
  const calls: HeardCall[] = [];
  const inner = createGraph();
  const graph: Graph = {
    ...inner,
    call<P extends Params>(kernel: KernelSpec<P>, inputs: readonly Tensor[], params: P) {
      const outputs = inner.call(kernel, inputs, params);
      calls.push({ kernel, inputs, outputs, params });
      return outputs;
    },
  };
  return { graph, calls };
}
