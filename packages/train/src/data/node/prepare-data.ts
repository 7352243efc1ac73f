/** Training and validation data from files, in one call. */

import type { Corpus } from '../corpus.ts';
import { type DataSplit, type SplitOptions, separateCorpora, splitCorpus } from '../split-corpus.ts';
import { type PrepareCorpusOptions, prepareCorpus } from './prepare-corpus.ts';

export interface PrepareDataOptions extends PrepareCorpusOptions {
  /** Sources that validate. By default a share of the documents of `sources` does. */
  readonly validationSources?: readonly string[];
  /** How documents are shared out without `validationSources`. */
  readonly split?: SplitOptions;
}

/** Holds files open until it is disposed. */
export interface PreparedData extends DataSplit, AsyncDisposable {}

/**
 * Training documents never validate: with `validationSources`, training documents with the same text as a validation document are left
 * out. Throws as `prepareCorpus`, and `DataError` if nothing is left for one side.
 */
export async function prepareData(options: PrepareDataOptions): Promise<PreparedData> {
  const opened: Corpus[] = [];
  const close = async () => {
    for (const corpus of opened) await corpus[Symbol.asyncDispose]();
  };
  const open = async (sources: readonly string[]): Promise<Corpus> => {
    const corpus = await prepareCorpus({ ...options, sources });
    opened.push(corpus);
    return corpus;
  };
  try {
    const train = await open(options.sources);
    const { validationSources, split } = options;
    const parts =
      validationSources === undefined
        ? splitCorpus(train, split)
        : separateCorpora(train, await open(validationSources));
    return { ...parts, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
