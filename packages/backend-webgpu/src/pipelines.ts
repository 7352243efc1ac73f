/** WGSL to pipelines: compiled once a text, in parallel, without blocking. */
import { BackendError, type WebGpuElement } from '@yoco-u/spec';
import type { Counts } from './counts.ts';
import type { Faults } from './faults.ts';

/** A shader without its declarations. */
export interface ShaderText {
  /** For messages: the kernel. */
  readonly title: string;
  readonly uniforms: Readonly<Record<string, 'i32' | 'f32'>>;
  readonly bindings: Readonly<
    Record<string, { readonly element: WebGpuElement; readonly access: 'read' | 'read_write' }>
  >;
  readonly extensions: readonly string[];
  readonly code: string;
}

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Whether its values are set in the pass; otherwise binding 0 is theirs, where it has any. */
  readonly immediates: boolean;
}

export interface Pipelines {
  /** Throws `BackendError` with the kernel and the line of its text when it does not compile. */
  compile(shader: ShaderText): Promise<Pipeline>;
  /** Texts compiled so far. */
  readonly count: number;
}

/** Whether the values of a shader fit into so many bytes of immediates. */
function areImmediate({ uniforms }: ShaderText, immediateBytes: number): boolean {
  const words = Object.keys(uniforms).length;
  return words > 0 && 4 * words <= immediateBytes;
}

/** What stands in front of a kernel's text on a device with so many bytes of immediates. */
export function declarations(shader: ShaderText, immediateBytes = 0): string {
  const { uniforms, bindings, extensions } = shader;
  const lines = extensions.map((extension) => `enable ${extension};`);
  const words = Object.entries(uniforms);
  if (words.length > 0) {
    const immediates = areImmediate(shader, immediateBytes);
    if (immediates) lines.push('requires immediate_address_space;');
    lines.push(`struct Params { ${words.map(([name, type]) => `${name}: ${type}`).join(', ')} }`);
    lines.push(`${immediates ? 'var<immediate>' : '@group(0) @binding(0) var<uniform>'} params: Params;`);
  }
  Object.entries(bindings).forEach(([name, { element, access }], index) => {
    lines.push(`@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: array<${element}>;`);
  });
  return `${lines.join('\n')}\n`;
}

/** Told how many texts are compiled of those asked for since the last time that all were. */
export type CompileListener = (done: number, total: number) => void;

export function createPipelines(
  device: GPUDevice,
  faults: Faults,
  counts: Counts,
  immediateBytes: number,
  onCompile?: CompileListener,
): Pipelines {
  const compiled = new Map<string, Promise<Pipeline>>();
  let done = 0;
  let total = 0;
  const count = async (started: Promise<Pipeline>): Promise<void> => {
    onCompile?.(done, ++total);
    // failures are those of `compile`
    await started.catch(() => undefined);
    onCompile?.(++done, total);
    if (done === total) done = total = 0;
  };
  const layouts = new Map<string, GPUBindGroupLayout>();

  const layoutOf = ({ uniforms, bindings }: ShaderText, immediates: boolean): GPUBindGroupLayout => {
    const hasUniforms = !immediates && Object.keys(uniforms).length > 0;
    const accesses = Object.values(bindings).map(({ access }) => access);
    const key = `${hasUniforms} ${accesses.join(' ')}`;
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const visibility = computeStage;
    const layout = device.createBindGroupLayout({
      entries: [
        ...(hasUniforms ? [{ binding: 0, visibility, buffer: { type: 'uniform' } as const }] : []),
        ...accesses.map((access, index) => ({
          binding: index + 1,
          visibility,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    layouts.set(key, layout);
    return layout;
  };

  const build = async (shader: ShaderText, prefix: string): Promise<Pipeline> => {
    const { title } = shader;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: title, code: prefix + shader.code });
    const immediates = areImmediate(shader, immediateBytes);
    const layout = layoutOf(shader, immediates);
    const immediateSize = immediates ? { immediateSize: 4 * Object.keys(shader.uniforms).length } : {};
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout], ...immediateSize });
    const invalid = device.popErrorScope();
    const { messages } = await faults.during(title, module.getCompilationInfo());
    const [error] = messages.filter(({ type }) => type === 'error');
    if (error !== undefined) {
      const line = error.lineNum - (prefix.split('\n').length - 1);
      const place = line > 0 ? `line ${line}` : 'its declarations';
      const source = line > 0 ? ` in '${(shader.code.split('\n')[line - 1] ?? '').trim()}'` : '';
      throw new BackendError({ where: `${title}, ${place}`, expected: 'valid WGSL', got: `${error.message}${source}` });
    }
    const failure = await faults.during(title, invalid);
    if (failure !== null) throw invalidPipeline(title, failure.message);
    try {
      const compute = { module, entryPoint: 'main' };
      const pipeline = await faults.during(
        title,
        device.createComputePipelineAsync({ label: title, layout: pipelineLayout, compute }),
      );
      counts.pipelines++;
      return { pipeline, layout, immediates };
    } catch (cause) {
      faults.check(title);
      throw invalidPipeline(title, String(cause), cause);
    }
  };

  return {
    get count() {
      return compiled.size;
    },
    compile(shader) {
      const prefix = declarations(shader, immediateBytes);
      const key = prefix + shader.code;
      const known = compiled.get(key);
      if (known !== undefined) return known;
      const started = build(shader, prefix);
      compiled.set(key, started);
      void count(started);
      // what failed is tried again: its kernel may have been named differently
      started.catch(() => compiled.delete(key));
      return started;
    },
  };
}

/** As `GPUShaderStage.COMPUTE`, which is not global in Node. */
const computeStage = 4;

function invalidPipeline(where: string, message: string, cause?: unknown): BackendError {
  const got = message.split('\n').slice(0, 3).join(' ').trim();
  return new BackendError({ where, expected: 'a pipeline that the device accepts', got }, { cause });
}
