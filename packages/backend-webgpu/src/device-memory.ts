/** Buffers of the device, every byte counted. */
import { CapacityError } from '@yoco-u/spec';
import type { Counts } from './counts.ts';
import type { DeviceQueue } from './device-queue.ts';
import type { Faults } from './faults.ts';

/** As `GPUBufferUsage`, which is not global in Node. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** Buffers and bindings span multiples of this, so that every array of vectors ends within them. */
const padding = 16;

export function paddedBytes(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / padding)) * padding;
}

export interface DeviceMemory {
  /** Bytes of all live buffers. */
  readonly reservedBytes: number;
  /** Most bytes that a buffer bound as a whole may have. */
  readonly mostBytes: number;
  /**
   * Takes a zeroed buffer. Throws `CapacityError`, before anything is taken, when it is larger than the device allows, or, unless it
   * is bound in parts, than a binding may span; memory that runs out is reported by `Faults.settle`.
   */
  create(what: string, bytes: number, use: number, inParts?: boolean): GPUBuffer;
  /** Work that was recorded before may still use it. */
  destroy(buffer: GPUBuffer): void;
}

export interface DeviceMemoryContext {
  readonly device: GPUDevice;
  readonly faults: Faults;
  readonly queue: DeviceQueue;
  readonly counts: Counts;
}

export function createDeviceMemory(
  { device, faults, queue, counts }: DeviceMemoryContext,
  bindingBytes: number,
): DeviceMemory {
  const { maxBufferSize } = device.limits;
  const mostBytes = Math.min(maxBufferSize, bindingBytes);
  let reservedBytes = 0;
  return {
    mostBytes,
    get reservedBytes() {
      return reservedBytes;
    },
    create(what, bytes, use, inParts = false) {
      const size = paddedBytes(bytes);
      const isWhole = (use & usage.storage) !== 0 && !inParts;
      const most = isWhole ? mostBytes : maxBufferSize;
      if (!(size <= most)) {
        throw new CapacityError({
          where: `webgpu backend: ${what}`,
          expected: `at most ${most} bytes, the most that this device ${isWhole ? 'binds at once' : 'has in a buffer'}`,
          got: `${bytes}`,
          fix: 'use a smaller model, a shorter context or the wasm backend',
        });
      }
      const buffer = faults.watch(`webgpu backend: ${what}`, () =>
        device.createBuffer({ label: what, size, usage: use }),
      );
      counts.buffers++;
      reservedBytes += size;
      return buffer;
    },
    destroy(buffer) {
      queue.submit();
      reservedBytes -= buffer.size;
      buffer.destroy();
    },
  };
}
