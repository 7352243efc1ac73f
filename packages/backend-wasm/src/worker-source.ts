/**
 * What a worker thread runs, as text: no file to find, so that it works from sources, from `dist` and in every bundler.
 *
 * A worker sleeps on its cells of the pool and wakes for two reasons. A run: it helps that team until the run ends, and then
 * looks for the next one for a moment, so that runs in a row need not wake it. A message: it goes back to its event loop to
 * receive it (a new team, or the end of one). Both are counted first, then `wake` grows, and whoever waits says so in `asleep`
 * before it compares `wake`: a worker that looked too early does not fall asleep.
 */
import { control, failureTextBytes } from './control-block.ts';

/** Words of the pool's shared memory that belong to one worker: a cache line. */
export const cellWords = 16;
export const cell = { wake: 0, runs: 1, team: 2, messages: 3, asleep: 4 } as const;

/** Sent to a worker as its first message. */
export interface StartMessage {
  readonly kind: 'start';
  readonly cells: SharedArrayBuffer;
  readonly index: number;
}

/** A module as every thread instantiates it; function indices count up through all modules. */
export interface TeamModule {
  readonly module: WebAssembly.Module;
  readonly exports: readonly string[];
  /** Top of the thread's stack in a module that needs one, else 0. */
  readonly stackTop: number;
}

export interface AttachMessage {
  readonly kind: 'attach';
  readonly team: number;
  readonly thread: number;
  readonly memory: WebAssembly.Memory;
  readonly runtime: WebAssembly.Module;
  readonly modules: readonly TeamModule[];
  readonly controlAddress: number;
  readonly failureText: number;
  /** How long the worker looks for the next run before it sleeps. */
  readonly lingerMilliseconds: number;
}

export interface DetachMessage {
  readonly kind: 'detach';
  readonly team: number;
}

export type WorkerMessage = StartMessage | AttachMessage | DetachMessage;

/** Answer to `attach`: undefined, or why it failed. */
export interface WorkerReply {
  readonly team: number;
  readonly error: string | undefined;
}

export const workerSource = `'use strict';
const port = typeof require === 'function' ? require('node:worker_threads').parentPort : undefined;
const teams = new Map();
let cells, base, runs = 0, handled = 0;

function instantiate({ memory, runtime, modules }) {
  const count = modules.reduce((sum, { exports }) => sum + exports.length, 0);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: count });
  let index = 0;
  for (const { module, exports, stackTop } of modules) {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    if (stackTop) instance.exports.__stack_pointer.value = stackTop;
    for (const name of exports) table.set(index++, instance.exports[name]);
  }
  return new WebAssembly.Instance(runtime, { env: { memory, table } }).exports;
}

function attach(message) {
  teams.set(message.team, { ...message, interpreter: instantiate(message) });
}

function fail({ memory, controlAddress, failureText, thread, interpreter }, error) {
  const words = new Int32Array(memory.buffer);
  if (Atomics.compareExchange(words, (controlAddress + ${control.failed}) >> 2, 0, thread + 1) === 0) {
    const text = new TextEncoder().encode(String(error)).subarray(0, ${failureTextBytes});
    new Uint8Array(memory.buffer).set(text, failureText + 4);
    words[failureText >> 2] = text.length;
  }
  interpreter.fail(controlAddress, thread);
}

function help(team) {
  try {
    team.interpreter.help(team.controlAddress, team.thread);
  } catch (error) {
    fail(team, error);
  }
}

function loop() {
  let awakeUntil = 0;
  for (;;) {
    const wake = Atomics.load(cells, base + ${cell.wake});
    const requested = Atomics.load(cells, base + ${cell.runs});
    if (requested !== runs) {
      runs = requested;
      // a team that ended meanwhile wants no help
      const team = teams.get(Atomics.load(cells, base + ${cell.team}));
      if (team === undefined) continue;
      help(team);
      awakeUntil = performance.now() + team.lingerMilliseconds;
    } else if (Atomics.load(cells, base + ${cell.messages}) !== handled) {
      return;
    } else if (performance.now() >= awakeUntil) {
      Atomics.store(cells, base + ${cell.asleep}, 1);
      Atomics.wait(cells, base + ${cell.wake}, wake);
      Atomics.store(cells, base + ${cell.asleep}, 0);
    }
  }
}

function receive(message) {
  if (message.kind === 'start') {
    cells = new Int32Array(message.cells);
    base = message.index * ${cellWords};
  } else if (message.kind === 'attach') {
    let error;
    try {
      attach(message);
    } catch (cause) {
      error = String(cause);
    }
    (port ?? self).postMessage({ team: message.team, error });
  } else {
    teams.delete(message.team);
  }
  handled++;
  loop();
}

if (port) port.on('message', receive);
else self.onmessage = (event) => receive(event.data);
`;
