/** Instances of thread 0. Workers do the same in `worker-source.ts`: function indices agree. */
import { stackPointerName } from './loader.ts';
import type { TeamModule } from './worker-source.ts';

/** Exports of the interpreter: `assembly/runtime.ts` says what they do. */
export interface Interpreter {
  start(controlAddress: number): number;
  help(controlAddress: number, thread: number): void;
  fail(controlAddress: number, thread: number): void;
}

export function instantiate(
  memory: WebAssembly.Memory,
  runtime: WebAssembly.Module,
  modules: readonly TeamModule[],
): Interpreter {
  const count = modules.reduce((sum, { exports }) => sum + exports.length, 0);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: count });
  let index = 0;
  for (const { module, exports, stackTop } of modules) {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    if (stackTop > 0) (instance.exports[stackPointerName] as WebAssembly.Global<'i32'>).value = stackTop;
    for (const name of exports) table.set(index++, instance.exports[name]);
  }
  return new WebAssembly.Instance(runtime, { env: { memory, table } }).exports as unknown as Interpreter;
}
