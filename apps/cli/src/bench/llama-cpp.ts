/** llama.cpp's engine as a peer, where `node-llama-cpp` is installed: the same shape, threads and streams. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelConfig } from '@yoco-u/model';
import { UsageError } from '../run-program.ts';
import { writeRandomGguf } from './gguf.ts';

export interface LlamaCpp extends AsyncDisposable {
  readonly description: string;
  /** Tokens of one stream, each the likeliest; streams that run at once are batched. */
  generate(prompt: readonly number[], maxTokens: number): AsyncIterable<unknown>;
}

export interface LlamaCppOptions {
  /** Where `npm install node-llama-cpp` was run. */
  readonly folder: string;
  readonly config: ModelConfig;
  readonly threads: number;
  readonly streams: number;
  /** Tokens of a stream. */
  readonly contextLength: number;
}

/** The part of `node-llama-cpp` 3 that is needed. */
interface Library {
  getLlama(options: object): Promise<{
    readonly cpuMathCores: number;
    loadModel(options: object): Promise<
      AsyncDisposableLike & {
        createContext(options: object): Promise<AsyncDisposableLike & { getSequence(): Sequence }>;
      }
    >;
    dispose(): Promise<void>;
  }>;
  readonly getModuleVersion: () => Promise<string>;
}
interface AsyncDisposableLike {
  dispose(): Promise<void>;
}
interface Sequence {
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number>;
  clearHistory(): Promise<void>;
}

/** Writes random weights to a temporary file and loads them. Throws `UsageError` where the package is not to be found. */
export async function openLlamaCpp(options: LlamaCppOptions): Promise<LlamaCpp> {
  const { folder, config, threads, streams, contextLength } = options;
  const script = join(resolve(folder), 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  let library: Library;
  try {
    library = (await import(pathToFileURL(script).href)) as Library;
  } catch (cause) {
    const expected = `a folder in which npm has installed node-llama-cpp, got '${folder}'`;
    throw new UsageError(`--llama-cpp: expected ${expected}: ${(cause as Error).message}`);
  }
  const temporary = await mkdtemp(join(tmpdir(), 'yoco-u-bench-'));
  try {
    const modelPath = join(temporary, 'random.gguf');
    await writeRandomGguf(modelPath, config);
    const llama = await library.getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({
      contextSize: contextLength,
      sequences: streams,
      batchSize: Math.max(contextLength, streams),
      threads: { ideal: threads, min: threads },
    });
    const idle = Array.from({ length: streams }, () => context.getSequence());
    return {
      description: `llama.cpp (node-llama-cpp ${await library.getModuleVersion()}), ${threads} threads`,
      async *generate(prompt, maxTokens) {
        const sequence = idle.pop()!;
        let count = 0;
        try {
          await sequence.clearHistory();
          for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
            yield token;
            if (++count === maxTokens) return;
          }
        } finally {
          idle.push(sequence);
        }
      },
      async [Symbol.asyncDispose]() {
        await context.dispose();
        await model.dispose();
        await llama.dispose();
        await rm(temporary, { recursive: true });
      },
    };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
