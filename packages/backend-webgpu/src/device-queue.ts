/**
 * The way to the device's queue. What is recorded is submitted when the caller's turn of the event loop ends, or when anything else
 * must not come before it: so a run and the download of what it wrote are one submission, which is one message to another process
 * in a browser.
 */
import type { Counts } from './counts.ts';
import type { Faults } from './faults.ts';

export interface DeviceQueue {
  /** Records commands; their failures are noted under `where`. Resolves once they are submitted. */
  record(where: string, commands: (encoder: GPUCommandEncoder) => void): Promise<void>;
  /** Writes after all that is recorded. */
  write(buffer: GPUBuffer, byte: number, data: GPUAllowSharedBufferSource): void;
  /** Submits what is recorded: before a buffer that it uses goes, and before a wait for the device. */
  submit(): void;
}

export function createDeviceQueue(device: GPUDevice, faults: Faults, counts: Counts): DeviceQueue {
  let recorded: GPUCommandBuffer[] = [];
  let endOfTurn: Promise<void> | undefined;
  const queue: DeviceQueue = {
    record(where, commands) {
      faults.watch(where, () => {
        const encoder = device.createCommandEncoder();
        commands(encoder);
        recorded.push(encoder.finish());
      });
      endOfTurn ??= Promise.resolve().then(() => {
        endOfTurn = undefined;
        queue.submit();
      });
      return endOfTurn;
    },
    write(buffer, byte, data) {
      queue.submit();
      device.queue.writeBuffer(buffer, byte, data);
    },
    submit() {
      if (recorded.length === 0) return;
      const buffers = recorded;
      recorded = [];
      faults.watch('webgpu backend: submit', () => device.queue.submit(buffers));
      counts.submissions++;
    },
  };
  return queue;
}
