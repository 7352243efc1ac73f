/** What goes wrong on a device is known later than it happens: collected here, thrown at the next wait. */
import { BackendError, CapacityError, DeviceLostError, type YocoError } from '@yoco-u/spec';

export interface Faults {
  /** Throws `DeviceLostError` once the device is known to be lost. */
  check(where: string): void;
  /** Does something whose failure is thrown by the next `settle`: memory that runs out, work that does not validate. */
  watch<T>(where: string, action: () => T): T;
  /** Waits for everything watched so far, and throws the first failure, once. */
  settle(where: string): Promise<void>;
  /** Waits for a promise of the device. Throws `DeviceLostError` if the device is lost meanwhile. */
  during<T>(where: string, promise: Promise<T>): Promise<T>;
}

export function createFaults(device: GPUDevice): Faults {
  let lost: GPUDeviceLostInfo | undefined;
  let first: YocoError | undefined;
  let watched: Promise<unknown> = Promise.resolve();
  // not `device.lost.then` for each wait: a promise that never resolves would keep every one of them
  const waiting = new Set<() => void>();
  device.lost.then((info) => {
    lost = info;
    for (const wake of waiting) wake();
  });
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    first ??= invalidWork('webgpu device', event.error.message);
  });

  const faults: Faults = {
    check(where) {
      if (lost === undefined) return;
      const message = lost.message === '' ? '' : `: ${lost.message}`;
      throw new DeviceLostError({
        where,
        expected: 'a live device',
        got: `one that is lost (${lost.reason}${message})`,
        fix: 'dispose the backend and create another',
      });
    },
    watch(where, action) {
      device.pushErrorScope('validation');
      device.pushErrorScope('out-of-memory');
      try {
        return action();
      } finally {
        const note = (scope: Promise<GPUError | null>, errorOf: typeof invalidWork): Promise<void> =>
          scope.then(
            (error) => {
              if (error !== null) first ??= errorOf(where, error.message);
            },
            // a lost device ends its scopes
            () => undefined,
          );
        const found = [note(device.popErrorScope(), noMemory), note(device.popErrorScope(), invalidWork)];
        watched = Promise.all([watched, ...found]);
      }
    },
    async settle(where) {
      await faults.during(where, watched);
      const error = first;
      first = undefined;
      if (error !== undefined) throw error;
    },
    async during<T>(where: string, promise: Promise<T>): Promise<T> {
      // where the loss is heard of first, nobody waits for its failure
      promise.catch(() => undefined);
      faults.check(where);
      let wake = (): void => undefined;
      const loss = new Promise<void>((resolve) => {
        wake = resolve;
      });
      waiting.add(wake);
      try {
        const result = await Promise.race([promise, loss]);
        faults.check(where);
        return result as T;
      } catch (error) {
        // operations of a lost device may fail before the loss is announced
        if (lost === undefined) await Promise.race([loss, new Promise((resolve) => setTimeout(resolve, lossDelay))]);
        faults.check(where);
        throw error;
      } finally {
        waiting.delete(wake);
      }
    },
  };
  return faults;
}

/** Milliseconds that the announcement of a loss may come after the failures that it causes. */
const lossDelay = 100;

function noMemory(where: string, message: string): YocoError {
  const fix = 'use a smaller model, fewer slots or fewer rows a run';
  return new CapacityError({ where, expected: 'memory on the device', got: firstLine(message), fix });
}

function invalidWork(where: string, message: string): YocoError {
  return new BackendError({ where, expected: 'work that the device accepts', got: firstLine(message) });
}

function firstLine(message: string): string {
  return message.split('\n').slice(0, 2).join(' ').trim();
}
