/** A port to a thread that serves a model, and news of its end, alike in Node and in browsers. */
import { lockHeld, type StartMessage } from './protocol.ts';

/** The part of a `Worker` of `node:worker_threads` that is needed. */
export interface NodeWorker {
  postMessage(message: unknown, transfer: readonly never[]): void;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

/** A thread that serves a model, or a port to one. */
export type ModelThread = Worker | NodeWorker | MessagePort;

export interface Link {
  readonly port: MessagePort;
  /** Resolves with the reason when the other side is gone; never rejects. */
  readonly ended: Promise<string>;
  /** Closes the port and ends the thread. */
  close(): Promise<void>;
}

export function linkTo(thread: ModelThread): Link {
  if (thread instanceof MessagePort) {
    return { port: thread, ended: endOfPort(thread), close: async () => thread.close() };
  }
  const { port1: port, port2 } = new MessageChannel();
  const inNode = 'on' in thread;
  // there are none on pages without https
  const lock = inNode || navigator.locks === undefined ? undefined : `yoco-u.${crypto.randomUUID()}`;
  const message: StartMessage = { kind: 'yoco-u.port', port: port2, ...(lock === undefined ? {} : { lock }) };
  const ended = inNode ? endOfNodeWorker(thread, port) : endOfWebWorker(thread, lock);
  // alike in both, but the types of their ports differ
  (thread as Worker).postMessage(message, [port2]);
  return {
    port,
    ended,
    async close() {
      port.close();
      await thread.terminate();
    },
  };
}

/** A port closes with the thread that holds its other end. */
function endOfPort(port: MessagePort): Promise<string> {
  return new Promise((resolve) => {
    port.addEventListener('close', () => resolve('a port that was closed'));
    port.addEventListener('messageerror', () => resolve('a message that cannot be read'));
  });
}

function endOfNodeWorker(worker: NodeWorker, port: MessagePort): Promise<string> {
  // a model that is idle does not keep the process alive; one whose worker ends does, until it is known why
  worker.unref();
  port.addEventListener('close', () => worker.ref());
  return new Promise((resolve) => {
    worker.on('error', (error) => resolve(String(error)));
    worker.on('exit', (code) => resolve(`exit code ${code}`));
  });
}

function endOfWebWorker(worker: Worker, lock: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    worker.addEventListener('error', (event) => resolve(event.message ?? 'a script that cannot be loaded'));
    worker.addEventListener('messageerror', () => resolve('a message that cannot be read'));
    worker.addEventListener('message', ({ data }) => {
      if (data === lockHeld && lock !== undefined)
        void navigator.locks.request(lock, () => resolve('a worker that ended'));
    });
  });
}
