/** The texts of all kernels, pinned: a change of one shows in review. They are compiled by the suites that run them. */
import { baseKernelCases } from '@yoco-u/conformance';
import type { Params, StorageFormat, TensorType, Value, WebGpuDevice } from '@yoco-u/spec';
import { createGraph, f16Panels8, f32Panels8 } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { encodeProgram } from './encode.ts';
import { createKernelSet } from './kernel-set.ts';
import { baseWebGpuKernels } from './kernels/index.ts';
import { declarations } from './pipelines.ts';

function deviceOf(tiles: WebGpuDevice['tiles'], ...more: readonly string[]): WebGpuDevice {
  return { tiles, extensions: ['f16', ...more], workgroupBytes: 32_768, workgroupSize: 256, bindingBytes: 2 ** 30 };
}

/** Every text that the cases of a kernel lead to with matrices in these formats (row-major where undefined), each once. */
function textsOf(
  { kernel, cases }: (typeof baseKernelCases)[number],
  device: WebGpuDevice,
  formats: readonly (StorageFormat | undefined)[],
): readonly string[] {
  const kernels = createKernelSet(baseWebGpuKernels, device);
  const texts = cases.flatMap((given) =>
    formats.flatMap((format) => {
      const graph = createGraph();
      const types = given.inputs.map(
        ({ type, matrix }): TensorType => (format !== undefined && matrix === true ? { ...type, format } : type),
      );
      const inputs = types.map((type, index) =>
        graph.declare(kernel.updates?.includes(index) ? 'state' : 'input', `in${index}`, type),
      );
      const values = Object.entries(given.scalars ?? {}).map(([name, { type }]): [string, Value] => [
        name,
        graph.scalar(name, type),
      ]);
      const results = graph.call<Params>(kernel, inputs, given.params(Object.fromEntries(values)));
      const program = graph.build(Object.fromEntries(results.map((tensor, index) => [`out${index}`, tensor])));
      const outputs = results.map(({ type }) => type);
      const call = { kernel: kernel.name, inputs: types, outputs, params: program.calls[0]!.params };
      if (kernels.supports(call) !== true) return [];
      return encodeProgram(program, kernels, device).dispatches.map(({ shader }) => declarations(shader) + shader.code);
    }),
  );
  return [...new Set(texts)];
}

test('values that fit into immediates need no buffer', () => {
  const shader = {
    title: '',
    uniforms: { rows: 'i32', factor: 'f32' },
    bindings: {},
    extensions: [],
    code: '',
  } as const;
  expect(declarations(shader, 8)).toBe(
    'requires immediate_address_space;\nstruct Params { rows: i32, factor: f32 }\nvar<immediate> params: Params;\n',
  );
  expect(declarations(shader, 4)).toBe(declarations(shader));
  expect(declarations(shader)).toContain('var<uniform> params');
});

/** Between the texts of a kernel. */
const separator = '\n// ----\n';
const devices = [deviceOf('registers'), deviceOf('workgroup'), deviceOf('workgroup', 'subgroups')];
/** What stands above a text that the devices before do not have. */
const remarks = ['', '// tiles in workgroup memory\n', '// quads of subgroups\n'];
const inFloat32 = [undefined, f32Panels8];

test.each(baseKernelCases.map((entry) => [entry.kernel.name, entry] as const))('%s', async (name, entry) => {
  const known = new Set<string>();
  const texts = devices.flatMap((device, index) =>
    textsOf(entry, device, inFloat32)
      .filter((text) => !known.has(text) && known.add(text))
      .map((text) => remarks[index]! + text),
  );
  expect(texts.length).toBeGreaterThan(0);
  const halves = devices
    .flatMap((device) => textsOf(entry, device, [f16Panels8]))
    .filter((text) => text.startsWith('enable f16;') && !known.has(text) && known.add(text))
    .map((text) => `// matrices in float16\n${text}`);
  await expect([...texts, ...halves].join(separator)).toMatchFileSnapshot(`../wgsl/${name}.wgsl`);
});
