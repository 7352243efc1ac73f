/**
 * The npm package `webgpu` polls while a promise is pending: each poll asks the global `setImmediate` for the next one. That is quick
 * beside a GPU, but an adapter that runs on the CPU loses a core to it. Such a device's promises are made with a `setImmediate` that
 * waits for a millisecond; everybody else's `setImmediate` stays what it is.
 */

type Poll = (...values: unknown[]) => void;

const pollMilliseconds = 1;

/** Calls into the binding, and later its polls, with the slower `setImmediate`. */
function patiently<T>(call: () => T): T {
  const before = globalThis.setImmediate;
  globalThis.setImmediate = pollLater as typeof setImmediate;
  try {
    return call();
  } finally {
    globalThis.setImmediate = before;
  }
}

function pollLater(poll: Poll, ...values: unknown[]): void {
  setTimeout(() => patiently(() => poll(...values)), pollMilliseconds);
}

/** Replaces a method of one object by the same method, called patiently. */
function slow<Name extends string>(owner: { [name in Name]: (...values: never[]) => unknown }, name: Name): void {
  const method = owner[name];
  owner[name] = (...values) => patiently(() => method.apply(owner, values));
}

/** Has everything that this device of the Node binding promises awaited patiently. */
export function pollPatiently(device: GPUDevice): void {
  const { queue } = device;
  slow(device, 'popErrorScope');
  slow(device, 'createComputePipelineAsync');
  slow(queue, 'onSubmittedWorkDone');
  const { createBuffer, createShaderModule } = device;
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor);
    slow(buffer, 'mapAsync');
    return buffer;
  };
  device.createShaderModule = (descriptor) => {
    const module = createShaderModule.call(device, descriptor);
    slow(module, 'getCompilationInfo');
    return module;
  };
}
