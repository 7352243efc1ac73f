/** A run from text to a model folder without files: for browsers and small texts. */
import { encodeModelFolder } from '@yoco-u/checkpoint';
import type { AttentionRegistry, Backend } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { createMemoryCorpus } from './data/corpus.ts';
import { splitDocuments } from './data/document-pieces.ts';
import { splitCorpus } from './data/split-corpus.ts';
import { utf8Length } from './data/tokenize-documents.ts';
import type { PlanEvent, TrainEvent } from './events.ts';
import { initialWeights } from './initialize.ts';
import { type LearnTokenizerOptions, learnTokenizer } from './learn-tokenizer.ts';
import { planTokenized, prepareRun, splitFor, type TakeSamples } from './prepared-run.ts';
import { sizesForText } from './run-config.ts';
import type { RunRequest } from './run-request.ts';
import { modelTensors } from './trainer.ts';

/** What can be asked for where there are no files. */
export type TextRunRequest = Omit<RunRequest, 'data' | 'validationData' | 'field' | 'initialModel' | 'tokenizer'>;

export interface TextRunOptions extends LearnTokenizerOptions {
  /** Documents are apart where a line is `<|endoftext|>`. */
  readonly text: string;
  readonly request: TextRunRequest;
  readonly backend: Backend;
  readonly registry: AttentionRegistry;
  readonly sample?: TakeSamples | undefined;
}

export interface TextRun extends Disposable {
  readonly plan: PlanEvent;
  /** The loop, to be run once. A `save` event asks for nothing here. Throws `DivergenceError`. */
  train(options?: { readonly signal?: AbortSignal }): AsyncGenerator<TrainEvent, void, undefined>;
  /** The model folder with the weights as they are, by file name. To be called while the loop stands still. */
  modelFiles(): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>>;
}

/**
 * Learns a tokenizer, tokenises, plans and takes the memory; weights are initial ones. The same text, request and backend give the
 * weights that `runTraining` gives for a file with this text. Throws `ConfigError`, `DataError`, `CapacityError`, `TokenizerError`
 * or `BackendError` for what cannot work.
 */
export async function prepareTextRun(options: TextRunOptions): Promise<TextRun> {
  const { text, request, backend, registry, signal } = options;
  const bytes = utf8Length(text);
  const { sequenceLength, vocabularySize } = sizesForText(request, bytes);
  const tokenizerJson = await learnTokenizer([text], vocabularySize, options);
  const tokenizer = parseTokenizer(tokenizerJson);
  const corpus = await createMemoryCorpus(splitDocuments([text]), tokenizer, signal === undefined ? {} : { signal });
  const data = splitCorpus(corpus, splitFor(request, sequenceLength, bytes));
  const planned = planTokenized({ request, sequenceLength, tokenizer, data }, registry);
  signal?.throwIfAborted();
  const run = await prepareRun(planned, backend, options.sample);
  const { trainer } = run;
  const { model, config } = planned;
  for (const { name, values } of initialWeights(model, config.seed, trainer.scratch)) trainer.write(name, values);
  let step = 0;
  return {
    plan: run.plan(0),
    async *train(loop = {}) {
      for await (const event of run.train(loop)) {
        step = event.step;
        yield event;
      }
    },
    modelFiles: () =>
      encodeModelFolder({
        config: config.model,
        tensors: modelTensors(trainer),
        tokenizerJson,
        metadata: { step: String(step) },
      }),
    [Symbol.dispose]: () => run[Symbol.dispose](),
  };
}
