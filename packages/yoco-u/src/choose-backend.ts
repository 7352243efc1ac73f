/** `auto`: the faster of WASM and WebGPU for a model, found by trying. */
import type { ModelConfig } from '@yoco-u/model';
import { type Backend, YocoError } from '@yoco-u/spec';
import { type BackendSpeed, findLackOfRoom, measureBackend, trialModel } from './backend-trial.ts';

/** The model that a backend is chosen for, and what it will do. */
export interface BackendPurpose {
  readonly model: ModelConfig;
  /** Training is computed as prompts are, in many rows at once; text is decoded row by row. */
  readonly use: 'generate' | 'train';
  /** Sequences that it will have caches for, and their tokens. */
  readonly caches?: { readonly sequences: number; readonly contextLength: number };
}

export interface BackendCandidates {
  openWasm(): Promise<Backend>;
  openWebGpu(): Promise<Backend>;
  /** Default: `measureBackend`. */
  readonly measure?: typeof measureBackend;
  /** Milliseconds after which WebGPU is given up. It opens, and its shaders are compiled, in this time, too. */
  readonly limitMs?: number;
}

/** Most drivers compile all shaders of a model in one or two seconds; software ones may take a minute. */
const defaultLimitMs = 10_000;
/** What a request is taken to be where both count. */
const promptTokens = 256;
const decodedTokens = 64;

/**
 * Opens both backends one after the other, measures each, and keeps the one that would be done first. Where WebGPU is not to be
 * had, fails, is not ready in time, or has no room for weights and caches, WASM is taken. The `description` says what was chosen, and
 * why.
 */
export async function chooseBackend(purpose: BackendPurpose, candidates: BackendCandidates): Promise<Backend> {
  const { measure = measureBackend, limitMs = defaultLimitMs } = candidates;
  const model = trialModel(purpose.model);
  const wasm = await candidates.openWasm();
  try {
    const webgpu = await tryWebGpu(candidates, (backend) => measure(backend, model), limitMs);
    if (typeof webgpu === 'string') return describe(wasm, webgpu);
    let isTaken = false;
    try {
      const speed = await measure(wasm, model);
      const isFaster = secondsOf(webgpu.speed, purpose.use) < secondsOf(speed, purpose.use);
      const lack = isFaster ? await findLackOfRoom(webgpu.backend, purpose.model, purpose.caches) : undefined;
      isTaken = isFaster && lack === undefined;
      const rates = `wasm ${ratesOf(speed)}; webgpu ${ratesOf(webgpu.speed)}`;
      const reason = `auto, tried${layersTried(purpose.model, model)}: ${rates}`;
      if (!isTaken) {
        const why = lack === undefined ? '' : `; not webgpu, which has no room: ${lack}`;
        return describe(wasm, `${reason} (${webgpu.backend.description})${why}`);
      }
      await wasm[Symbol.asyncDispose]();
      return describe(webgpu.backend, reason);
    } finally {
      if (!isTaken) await webgpu.backend[Symbol.asyncDispose]();
    }
  } catch (error) {
    await wasm[Symbol.asyncDispose]();
    throw error;
  }
}

interface Tried {
  readonly backend: Backend;
  readonly speed: BackendSpeed;
}

/** The backend and its speed, or why it cannot be taken. */
async function tryWebGpu(
  { openWebGpu }: BackendCandidates,
  measure: (backend: Backend) => Promise<BackendSpeed>,
  limitMs: number,
): Promise<Tried | string> {
  const late = `was not ready after ${limitMs / 1000} s`;
  const end = performance.now() + limitMs;
  let backend: Backend | undefined;
  try {
    const opening = openWebGpu();
    backend = await within(end - performance.now(), opening);
    if (backend === undefined) {
      // a driver that hangs never comes to this
      void opening.then((opened) => opened[Symbol.asyncDispose]()).catch(() => undefined);
      return `auto: webgpu (still opening) ${late}`;
    }
    const speed = await within(end - performance.now(), measure(backend));
    if (speed !== undefined) return { backend, speed };
    await backend[Symbol.asyncDispose]();
    return `auto: webgpu (${backend.description}) ${late}`;
  } catch (error) {
    await backend?.[Symbol.asyncDispose]();
    // a fault of ours is no reason to go on with something else
    if (!YocoError.isInstance(error)) throw error;
    return `auto: no webgpu: ${error.message}`;
  }
}

/** The result, or undefined when it takes longer; what comes of it later is nobody's business. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  promise.catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function secondsOf({ prefill, decode }: BackendSpeed, use: BackendPurpose['use']): number {
  return use === 'train' ? prefill : promptTokens * prefill + decodedTokens * decode;
}

function ratesOf({ prefill, decode }: BackendSpeed): string {
  const rate = (seconds: number): string => (1 / seconds).toLocaleString('en', { maximumSignificantDigits: 3 });
  return `prefill ${rate(prefill)}, decode ${rate(decode)} tokens/s`;
}

function layersTried(model: ModelConfig, tried: ModelConfig): string {
  const layers = ({ stages }: ModelConfig): number => stages.reduce((sum, stage) => sum + stage.layers.length, 0);
  return layers(model) === layers(tried) ? '' : ` with ${layers(tried)} of ${layers(model)} layers`;
}

function describe(backend: Backend, reason: string): Backend {
  return { ...backend, description: `${backend.description} · ${reason}` };
}
