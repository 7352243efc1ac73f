/** How a worker gets its port. */
import { lockHeld, type StartMessage } from './protocol.ts';

/** The part of a thread's own scope that is needed: `parentPort` in Node, the global scope in browsers. */
interface ThreadScope {
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown): void;
}

/** In a worker: the port that `connectLanguageModel` sends in. To be called before anything is awaited. */
export function workerPort(): Promise<MessagePort> {
  const parentPort = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
  const scope = (parentPort ?? globalThis) as unknown as ThreadScope;
  return new Promise((resolve) => {
    const listener = ({ data }: MessageEvent<StartMessage>): void => {
      if (data?.kind !== 'yoco-u.port') return;
      scope.removeEventListener('message', listener);
      const locked = data.lock === undefined ? Promise.resolve(false) : holdForLife(data.lock);
      void locked.then((held) => {
        if (held) scope.postMessage(lockHeld);
        resolve(data.port);
      });
    };
    scope.addEventListener('message', listener);
  });
}

/** Resolves when the lock is held, or with false when there are no locks for this page. */
function holdForLife(lock: string): Promise<boolean> {
  return new Promise((resolve) => {
    const forever = (): Promise<never> => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(lock, forever).catch(() => resolve(false));
  });
}
