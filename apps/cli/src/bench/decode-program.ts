/** The program that decodes one sequence, by itself: what it is and what it costs. */
import { type ModelConfig, recordForward } from '@yoco-u/model';
import type { Program } from '@yoco-u/spec';
import { baseKernels, f32Panels8, mostTopK, type ProgramSummary, summarizeProgram } from '@yoco-u/tensor';

const pageLength = 64;

/** As the engine records it, for caches of the config's whole context. */
export function decodeProgram(config: ModelConfig, matrixFormat = f32Panels8): Program {
  const { contextLength, vocabularySize } = config;
  return recordForward(config, {
    maxRows: 1,
    maxSegments: 1,
    outputs: 'all',
    head: 'logits',
    best: { k: Math.min(mostTopK, vocabularySize), among: vocabularySize },
    memory: { slots: 1, contextLength, pageLength, pages: Math.ceil(contextLength / pageLength) },
    matrixFormat,
  });
}

/** Its work for the last token that the context holds. */
export function summarizeDecoding(config: ModelConfig): ProgramSummary {
  const variants = config.stages.flatMap(({ layers }) => layers.map(({ variant }) => variant));
  return summarizeProgram(decodeProgram(config), [...baseKernels, ...variants.flatMap(({ kernels }) => kernels)]);
}
