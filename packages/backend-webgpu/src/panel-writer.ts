/** Puts rows into panels on the device: for writes that begin or end within a panel. */
import type { Counts } from './counts.ts';
import { type DeviceMemory, usage } from './device-memory.ts';
import type { DeviceQueue } from './device-queue.ts';
import { toHalves } from './half.ts';
import type { Pipelines, ShaderText } from './pipelines.ts';

export interface PanelWriter {
  /** Writes row-major elements from `offset` on into a matrix of so many columns that is stored in panels of 8 rows. */
  write(buffer: GPUBuffer, columns: number, data: Float32Array<ArrayBuffer>, offset: number): void;
}

const title = 'webgpu backend: write';

/** Halves come as their bits, a word each. */
const textOf = (isHalf: boolean): ShaderText => ({
  title,
  uniforms: { offset: 'i32', count: 'i32', columns: 'i32', base: 'i32' },
  bindings: {
    source: { element: isHalf ? 'u32' : 'f32', access: 'read' },
    panels: { element: isHalf ? 'f16' : 'f32', access: 'read_write' },
  },
  extensions: isHalf ? ['f16'] : [],
  code: `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = i32(id.x); i < params.count; i += 64 * i32(groups.x)) {
    let row = (params.offset + i) / params.columns;
    let column = (params.offset + i) % params.columns;
    panels[((row / 8) * params.columns + column) * 8 + row % 8 - params.base] = ${isHalf ? 'bitcast<vec2h>(source[i]).x' : 'source[i]'};
  }
}
`,
});

export interface PanelWriterContext {
  readonly device: GPUDevice;
  readonly queue: DeviceQueue;
  readonly memory: DeviceMemory;
  readonly counts: Counts;
}

export async function createPanelWriter(
  { device, queue, memory, counts }: PanelWriterContext,
  pipelines: Pipelines,
  isHalf: boolean,
): Promise<PanelWriter> {
  const elementBytes = isHalf ? 2 : 4;
  const alignment = device.limits.minStorageBufferOffsetAlignment;
  const { pipeline, layout, immediates } = await pipelines.compile(textOf(isHalf));
  return {
    write(buffer, columns, data, offset) {
      const source = memory.create('write', data.byteLength, usage.storage | usage.copyTarget);
      // only the panels that are written: a matrix may be larger than a binding
      const panelBytes = elementBytes * 8 * columns;
      const first = Math.floor(offset / columns / 8) * panelBytes;
      const end = (Math.floor((offset + data.length - 1) / columns / 8) + 1) * panelBytes;
      const start = Math.floor(first / alignment) * alignment;
      const words = Int32Array.of(offset, data.length, columns, start / elementBytes);
      const uniforms = immediates ? undefined : memory.create('write', 16, usage.uniform | usage.copyTarget);
      queue.write(source, 0, isHalf ? Uint32Array.from(toHalves(data)) : data);
      if (uniforms !== undefined) queue.write(uniforms, 0, words);
      void queue.record(title, (encoder) => {
        const entries = [
          ...(uniforms === undefined ? [] : [{ binding: 0, resource: { buffer: uniforms } }]),
          { binding: 1, resource: { buffer: source } },
          { binding: 2, resource: { buffer, offset: start, size: end - start } },
        ];
        const group = device.createBindGroup({ layout, entries });
        counts.bindGroups++;
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        if (immediates) pass.setImmediates(0, words);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(Math.min(65535, Math.ceil(data.length / 64)));
        pass.end();
      });
      memory.destroy(source);
      if (uniforms !== undefined) memory.destroy(uniforms);
    },
  };
}
