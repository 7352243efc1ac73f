/** Chooses and compiles kernel modules, and refuses those that do not keep the rules of a shared memory. */
import { BackendError, type ErrorFacts, type WasmModuleSource } from '@yoco-u/spec';
import { type MemoryLimits, outlineModule, withMemoryLimits } from './binary.ts';
import { probeModule } from './probe.wasm.ts';

/** Which instructions the modules in use may hold. */
export type SimdLevel = 'relaxed' | 'baseline';

/** Name of the mutable global that modules compiled from C keep their stack pointer in. */
export const stackPointerName = '__stack_pointer';

export interface LoadedModule {
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** Whether every thread must give the module a stack of its own before use. */
  readonly needsStack: boolean;
}

/** Compiles modules for one memory. */
export interface ModuleLoader {
  readonly simd: SimdLevel;
  /** Compiles a module once, however often asked. Throws `BackendError` when it breaks a rule or lacks an export. */
  load(source: WasmModuleSource, exports: readonly string[]): Promise<LoadedModule>;
  /** Compiles the interpreter, which imports the function table, too. */
  loadRuntime(source: WasmModuleSource): Promise<WebAssembly.Module>;
}

export interface LoaderOptions extends MemoryLimits {
  /** Forces a level; by default relaxed SIMD where it is there and computes what it should. */
  readonly simd?: SimdLevel | undefined;
}

/** Throws `BackendError` when the engine has no SIMD at all, or the forced level is not there. */
export function createModuleLoader(options: LoaderOptions): ModuleLoader {
  const simd = chooseSimd(options.simd);
  const loaded = new Map<WasmModuleSource, Promise<LoadedModule>>();
  return {
    simd,
    async load(source, names) {
      let pending = loaded.get(source);
      if (pending === undefined) {
        pending = compile(source, simd, options);
        loaded.set(source, pending);
      }
      const result = await pending;
      const functions = WebAssembly.Module.exports(result.module).filter(({ kind }) => kind === 'function');
      for (const name of names) {
        if (functions.some((entry) => entry.name === name)) continue;
        throw new BackendError({
          where: `module '${source.name}'`,
          expected: `an exported function '${name}'`,
          got: functions.map((entry) => entry.name).join(', ') || 'none',
          fix: "make the kernel's phases and the module's exports agree",
        });
      }
      return result;
    },
    loadRuntime: (source) => WebAssembly.compile(withMemoryLimits(source.name, bytesFor(source, simd), options)),
  };
}

/** A module without a form of its own for relaxed SIMD is used as it is. */
function bytesFor(source: WasmModuleSource, simd: SimdLevel): Uint8Array<ArrayBuffer> {
  return (source[simd] ?? source.baseline)();
}

async function compile(source: WasmModuleSource, simd: SimdLevel, limits: MemoryLimits): Promise<LoadedModule> {
  const bytes = bytesFor(source, simd);
  checkRules(source.name, bytes, limits);
  const patched = withMemoryLimits(source.name, bytes, limits);
  try {
    const module = await WebAssembly.compile(patched);
    const needsStack = WebAssembly.Module.exports(module).some(
      ({ kind, name }) => kind === 'global' && name === stackPointerName,
    );
    return { name: source.name, module, needsStack };
  } catch (cause) {
    const fix = simd === 'relaxed' ? "try the option simd: 'baseline'" : 'rebuild the module';
    const facts = { where: `module '${source.name}' (${simd})`, expected: 'a valid module', got: String(cause), fix };
    throw new BackendError(facts, { cause });
  }
}

/** Throws `BackendError` with every rule that the module breaks: who builds it can mend them in one go. */
function checkRules(name: string, bytes: Uint8Array, limits: MemoryLimits): void {
  const { imports, hasData, hasStart, minimumPages } = outlineModule(name, bytes);
  const broken: Omit<ErrorFacts, 'where'>[] = [];
  const others = imports.filter(({ name: imported, kind }) => imported !== 'env.memory' || kind !== 'memory');
  if (others.length > 0) {
    broken.push({
      expected: 'no import but the memory env.memory',
      got: others.map(({ name: imported, kind }) => `${kind} ${imported}`).join(', '),
      fix: 'link without a runtime library and import the memory as env.memory',
    });
  }
  if (minimumPages === undefined) {
    const fix = 'import the memory as env.memory';
    broken.push({ expected: 'the import env.memory', got: 'no imported memory', fix });
  }
  if (hasData) {
    broken.push({
      expected: 'no data segment: modules share one memory',
      got: 'a data segment',
      fix: 'pass constants through the arguments or the workspace',
    });
  }
  if (hasStart) {
    broken.push({
      expected: 'no start function: an allocator would hand out memory that is taken',
      got: 'a start function',
      fix: 'allocate nothing and run no code at the top level; scratch memory comes as the workspace',
    });
  }
  if (minimumPages !== undefined && minimumPages > limits.maximumPages) {
    const expected = `at most ${limits.maximumPages} pages of memory`;
    broken.push({ expected, got: `${minimumPages}`, fix: 'build it with one initial page' });
  }
  if (broken.length === 0) return;
  const rules = broken.map(({ expected, got, fix }) => `expected ${expected}, got ${got}; ${fix}`);
  const where = `module '${name}'`;
  throw new BackendError(
    rules.length === 1 ? `${where}: ${rules[0]}` : [`${where}: ${rules.length} broken rules`, ...rules].join('\n- '),
  );
}

function chooseSimd(forced: SimdLevel | undefined): SimdLevel {
  if (!WebAssembly.validate(probeModule.baseline())) {
    throw new BackendError({
      where: 'createWasmBackend',
      expected: 'an engine with WebAssembly SIMD, threads and bulk memory',
      got: 'none',
      fix: 'use Node 22 or later, or a browser of 2021 or later',
    });
  }
  if (forced === 'baseline') return forced;
  const works = relaxedSimdWorks();
  if (forced === 'relaxed' && !works) {
    throw new BackendError({
      where: "createWasmBackend: simd: 'relaxed'",
      expected: 'an engine with relaxed SIMD',
      got: 'none, or one that computes wrongly',
      fix: 'leave the option out',
    });
  }
  return works ? 'relaxed' : 'baseline';
}

let relaxedIsRight: boolean | undefined;

/** Validates a module with relaxed SIMD and runs its instructions on known numbers: engines had them, but wrong. */
function relaxedSimdWorks(): boolean {
  relaxedIsRight ??= testRelaxedSimd();
  return relaxedIsRight;
}

function testRelaxedSimd(): boolean {
  const bytes = withMemoryLimits('probe', bytesFor(probeModule, 'relaxed'), { shared: false, maximumPages: 1 });
  if (!WebAssembly.validate(bytes)) return false;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const multiplyAdd = exports.multiply_add as (at: number) => void;
  const floats = new Float32Array(memory.buffer, 0, 16);
  // exact in float32 whether fused or not, with every operand and lane distinct
  floats.set([1, -2, 3, 0.5, 5, 6, -7, 8, 9, -10, 11, 12]);
  multiplyAdd(0);
  return [14, -22, -10, 16].every((expected, lane) => floats[12 + lane] === expected);
}
