/** A worker thread from source text, alike in Node and in browsers. */
import { BackendError } from '@yoco-u/spec';

export interface HostWorker {
  post(message: unknown): void;
  /** Whether the worker keeps the process alive; browsers know no such thing. */
  keepAlive(on: boolean): void;
  terminate(): Promise<void>;
}

export interface HostWorkerEvents {
  onMessage(message: unknown): void;
  /** The worker broke or ended by itself. */
  onFailure(reason: string): void;
}

/** Threads that the machine runs at once. */
export function hardwareThreads(): number {
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** False in a page's own thread: engines let only workers (and Node) sleep. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}

/** True where memory can be shared among threads; pages need cross-origin isolation for it. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
}

/** Starts a worker. It does not keep the process alive. Throws `BackendError` where workers cannot be had. */
export function startWorker(source: string, name: string, events: HostWorkerEvents): HostWorker {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads !== undefined) {
    // the parent's flags (loaders, conditions) would only slow the start
    const worker = new threads.Worker(source, { eval: true, execArgv: [], name });
    worker.on('message', events.onMessage);
    worker.on('error', (error) => events.onFailure(String(error)));
    worker.on('exit', (code) => events.onFailure(`exit code ${code}`));
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      keepAlive: (on) => (on ? worker.ref() : worker.unref()),
      terminate: async () => void (await worker.terminate()),
    };
  }
  if (typeof Worker === 'undefined') {
    const where = 'createWasmBackend';
    throw new BackendError({ where, expected: 'worker threads', got: 'none', fix: 'pass threads: 1' });
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url, { name });
  worker.onmessage = ({ data }) => events.onMessage(data);
  worker.onerror = ({ message }) => events.onFailure(message);
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: () => {},
    terminate: async () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
