/** Logical row-major elements to and from buffers of the device, in the storage formats of this backend. */
import { BackendError, type NumberArray, type StorageFormat, type TensorType } from '@yoco-u/spec';
import { describeType, f16Panels8, f32, f32Panels8, i32, rowCount, width } from '@yoco-u/tensor';
import type { Counts } from './counts.ts';
import { type DeviceMemory, usage } from './device-memory.ts';
import type { DeviceQueue } from './device-queue.ts';
import type { Faults } from './faults.ts';
import { fromHalves, toHalves } from './half.ts';
import type { PanelWriter } from './panel-writer.ts';

const panel = f32Panels8.rowMultiple;
/** Staging buffers kept for the next download. */
const mostIdle = 4;
const fewestStagingBytes = 4096;
/** Larger ones are made for one download, no larger than it, and not kept. */
const mostKeptBytes = 2 ** 24;

/** Throws `BackendError` for a format that no kernel here reads: of matrices, others than those of the variant. */
export function checkFormat(type: TensorType, matrixFormat: StorageFormat): void {
  const supported = [f32, i32, matrixFormat];
  if (supported.some(({ name }) => name === type.format.name)) return;
  const expected = `a format of ${supported.map(({ name }) => name).join(', ')}`;
  throw new BackendError({
    where: 'webgpu backend',
    expected,
    got: describeType(type),
    fix: 'convert it when loading',
  });
}

export interface Transfer extends Disposable {
  write(buffer: GPUBuffer, type: TensorType, data: NumberArray, offset: number): void;
  /** Copies bytes between buffers, or within one. Ranges do not overlap. */
  copy(from: GPUBuffer, fromByte: number, to: GPUBuffer, toByte: number, bytes: number): void;
  /** Waits for everything submitted before. */
  read(buffer: GPUBuffer, type: TensorType, into: NumberArray, offset: number): Promise<void>;
}

export interface TransferContext {
  readonly queue: DeviceQueue;
  readonly memory: DeviceMemory;
  readonly faults: Faults;
  readonly counts: Counts;
  readonly panels: PanelWriter;
}

export function createTransfer({ queue, memory, faults, counts, panels }: TransferContext): Transfer {
  const idle: GPUBuffer[] = [];
  let bounce: GPUBuffer | undefined;

  const takeStaging = (bytes: number): GPUBuffer => {
    // powers of two, so that downloads of about one size take turns in one buffer
    const size = bytes > mostKeptBytes ? bytes : Math.max(fewestStagingBytes, 2 ** Math.ceil(Math.log2(bytes)));
    const index = idle.findIndex((staging) => staging.size === size);
    if (index >= 0) return idle.splice(index, 1)[0]!;
    return memory.create('download', size, usage.mapRead | usage.copyTarget);
  };
  const giveStaging = (buffer: GPUBuffer): void => {
    if (buffer.size <= mostKeptBytes) idle.push(buffer);
    else memory.destroy(buffer);
    if (idle.length > mostIdle) memory.destroy(idle.shift()!);
  };
  const readBytes = async (buffer: GPUBuffer, start: number, bytes: number): Promise<ArrayBuffer> => {
    const where = 'webgpu backend: download';
    const staging = takeStaging(bytes);
    try {
      await queue.record(where, (encoder) => encoder.copyBufferToBuffer(buffer, start, staging, 0, bytes));
      await faults.during(where, staging.mapAsync(1, 0, bytes));
      const copied = staging.getMappedRange(0, bytes).slice(0);
      staging.unmap();
      counts.downloadedBytes += bytes;
      giveStaging(staging);
      await faults.settle(where);
      return copied;
    } catch (error) {
      if (!idle.includes(staging)) memory.destroy(staging);
      // what failed before explains why the download did
      await faults.settle(where);
      throw error;
    }
  };

  return {
    write(buffer, type, data, offset) {
      if (data.length === 0) return;
      if (type.format.rowMultiple === 1) {
        const array = type.format.element === 'i32' ? integersOf(data) : floatsOf(data);
        queue.write(buffer, 4 * offset, array);
        return;
      }
      writePanels({ queue, panels }, buffer, type, floatsOf(data), offset);
    },
    copy(from, fromByte, to, toByte, bytes) {
      if (bytes === 0) return;
      void queue.record('webgpu backend: copy', (encoder) => {
        if (from !== to) encoder.copyBufferToBuffer(from, fromByte, to, toByte, bytes);
        else {
          // a buffer may not be copied to itself
          if (bounce === undefined || bounce.size < bytes) {
            if (bounce !== undefined) memory.destroy(bounce);
            bounce = undefined;
            bounce = memory.create('copy', bytes, usage.copySource | usage.copyTarget);
          }
          encoder.copyBufferToBuffer(from, fromByte, bounce, 0, bytes);
          encoder.copyBufferToBuffer(bounce, 0, to, toByte, bytes);
        }
      });
    },
    async read(buffer, type, into, offset) {
      if (into.length === 0) {
        await faults.settle('webgpu backend: download');
        return;
      }
      if (type.format.rowMultiple === 1) {
        const bytes = await readBytes(buffer, 4 * offset, 4 * into.length);
        into.set(type.format.element === 'i32' ? new Int32Array(bytes) : new Float32Array(bytes));
        return;
      }
      const columns = width(type);
      const first = Math.floor(offset / columns / panel);
      const last = Math.floor((offset + into.length - 1) / columns / panel);
      const panelBytes = elementBytes(type) * panel * columns;
      const bytes = await readBytes(buffer, first * panelBytes, (last - first + 1) * panelBytes);
      const floats = isHalf(type) ? fromHalves(new Uint16Array(bytes)) : new Float32Array(bytes);
      for (let i = 0; i < into.length; i++) into[i] = floats[placeOf(offset + i, columns) - first * panel * columns]!;
    },
    [Symbol.dispose]() {
      for (const buffer of [...idle, ...(bounce === undefined ? [] : [bounce])]) memory.destroy(buffer);
      idle.length = 0;
      bounce = undefined;
    },
  };
}

/** Whole panels are put in order here and written directly; rows of a panel in part are put in place by the device. */
function writePanels(
  { queue, panels }: Pick<TransferContext, 'queue' | 'panels'>,
  buffer: GPUBuffer,
  type: TensorType,
  data: Float32Array<ArrayBuffer>,
  offset: number,
): void {
  const columns = width(type);
  const panelSize = panel * columns;
  const end = offset + data.length;
  // the last panel is whole when its rows are, whatever pads it
  const isLast = end === rowCount(type) * columns;
  const firstWhole = Math.ceil(offset / panelSize);
  const endWhole = isLast ? Math.ceil(end / panelSize) : Math.floor(end / panelSize);
  if (endWhole <= firstWhole) {
    panels.write(buffer, columns, data, offset);
    return;
  }
  const start = firstWhole * panelSize;
  const stop = Math.min(end, endWhole * panelSize);
  const ordered = new Float32Array((endWhole - firstWhole) * panelSize);
  for (let at = start; at < stop; at++) ordered[placeOf(at, columns) - start] = data[at - offset]!;
  queue.write(buffer, elementBytes(type) * start, isHalf(type) ? toHalves(ordered) : ordered);
  if (start > offset) panels.write(buffer, columns, data.slice(0, start - offset), offset);
  if (stop < end) panels.write(buffer, columns, data.slice(stop - offset), stop);
}

/** Where element `index` of a row-major matrix lies in panels. */
function placeOf(index: number, columns: number): number {
  const row = Math.floor(index / columns);
  return (Math.floor(row / panel) * columns + (index - row * columns)) * panel + (row % panel);
}

function isHalf({ format }: TensorType): boolean {
  return format.name === f16Panels8.name;
}

function elementBytes({ format }: TensorType): number {
  return format.blockBytes / format.blockLength;
}

function floatsOf(data: NumberArray): Float32Array<ArrayBuffer> {
  return data instanceof Float32Array ? (data as Float32Array<ArrayBuffer>) : Float32Array.from(data);
}

function integersOf(data: NumberArray): Int32Array<ArrayBuffer> {
  return data instanceof Int32Array ? (data as Int32Array<ArrayBuffer>) : Int32Array.from(data);
}
