/**
 * The worker threads of this realm, shared by its backends: runs never overlap, so one worker serves them all. Started with
 * the first team that needs them, ended with the last.
 */
import { BackendError } from '@yoco-u/spec';
import { type HostWorker, startWorker } from './host-worker.ts';
import {
  type AttachMessage,
  cell,
  cellWords,
  type WorkerMessage,
  type WorkerReply,
  workerSource,
} from './worker-source.ts';

/** One less than the threads a backend may have. */
const mostWorkers = 255;

export interface WorkerPool {
  /** Starts workers for a new team, so that they come up while its modules are compiled. Returns the team's id. */
  reserve(count: number): number;
  /** Makes a team known to as many workers as there are messages; resolves when all of them can run it. */
  attach(messages: readonly AttachMessage[]): Promise<void>;
  /** Throws `BackendError` when a worker is gone. */
  check(): void;
  /** Calls the first `count` workers to help with a team's run. */
  wake(team: number, count: number): void;
  /** Forgets a team; ends the workers after the last one. */
  detach(team: number): Promise<void>;
}

interface PoolWorker {
  readonly host: HostWorker;
  /** Teams whose attachment the worker has not confirmed. */
  readonly waiting: Map<number, { resolve(): void; reject(reason: BackendError): void }>;
}

const pool = createPool();

/** The pool of this realm. */
export function workerPool(): WorkerPool {
  return pool;
}

function createPool(): WorkerPool {
  let cells: Int32Array<SharedArrayBuffer> | undefined;
  let workers: PoolWorker[] = [];
  let failure: string | undefined;
  const teams = new Set<number>();
  let teamCount = 0;

  const broken = (reason: string): BackendError =>
    new BackendError({
      where: 'worker threads',
      expected: 'running workers',
      got: reason,
      fix: 'dispose all WASM backends of this thread, then create new ones: they share the workers',
    });

  const rouse = (base: number): void => {
    Atomics.add(cells!, base + cell.wake, 1);
    if (Atomics.load(cells!, base + cell.asleep)) Atomics.notify(cells!, base + cell.wake);
  };

  const send = (index: number, message: WorkerMessage): void => {
    workers[index]!.host.post(message);
    Atomics.add(cells!, index * cellWords + cell.messages, 1);
    rouse(index * cellWords);
  };

  const start = (index: number): void => {
    cells ??= new Int32Array(new SharedArrayBuffer(mostWorkers * cellWords * 4));
    const waiting: PoolWorker['waiting'] = new Map();
    const worker: PoolWorker = {
      waiting,
      host: startWorker(workerSource, `yoco-u-${index + 1}`, {
        onMessage(message) {
          const { team, error } = message as WorkerReply;
          const pending = waiting.get(team);
          waiting.delete(team);
          if (waiting.size === 0) worker.host.keepAlive(false);
          if (error === undefined) pending?.resolve();
          else pending?.reject(broken(error));
        },
        onFailure(reason) {
          // workers of an earlier, ended generation still report their exit
          if (workers[index] !== worker) return;
          failure = `worker ${index + 1}: ${reason}`;
          for (const { reject } of waiting.values()) reject(broken(failure));
          waiting.clear();
        },
      }),
    };
    workers.push(worker);
    send(index, { kind: 'start', cells: cells.buffer, index });
  };

  return {
    reserve(count) {
      const team = ++teamCount;
      teams.add(team);
      while (workers.length < count) start(workers.length);
      return team;
    },
    async attach(messages) {
      if (failure !== undefined) throw broken(failure);
      const confirmed = messages.map(
        (message, index) =>
          new Promise<void>((resolve, reject) => {
            const worker = workers[index]!;
            worker.waiting.set(message.team, { resolve, reject });
            worker.host.keepAlive(true);
            send(index, message);
          }),
      );
      await Promise.all(confirmed);
    },
    check() {
      if (failure !== undefined) throw broken(failure);
    },
    wake(team, count) {
      for (let index = 0; index < count; index++) {
        const base = index * cellWords;
        Atomics.store(cells!, base + cell.team, team);
        Atomics.add(cells!, base + cell.runs, 1);
        rouse(base);
      }
    },
    async detach(team) {
      if (!teams.delete(team)) return;
      if (teams.size > 0) {
        for (let index = 0; index < workers.length; index++) send(index, { kind: 'detach', team });
        return;
      }
      const ended = workers;
      workers = [];
      // browsers end workers in their own time: what they still look at must not be used again
      cells = undefined;
      failure = undefined;
      await Promise.all(ended.map(({ host }) => host.terminate()));
    },
  };
}
