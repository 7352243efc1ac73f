/** What a decoded token asks of a device: counted there, beside what must at least be read. */
import type { EngineLanguageModel } from '@yoco-u/engine';
import { countLayerApplications, decodeBytes, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceCounts, SamplingSettings } from '@yoco-u/spec';
import { decodeProgram, summarizeDecoding } from './decode-program.ts';

export interface TokenCounts {
  /** Counted over so many; the others are of one token. */
  readonly tokens: number;
  readonly submissions: number;
  readonly dispatches: number;
  readonly layerApplications: number;
  /** Dispatches of a model without layers: embedding, last norm, head, choice. */
  readonly restDispatches: number;
  /** Bytes read back, and whether these are the best logits alone. */
  readonly readBackBytes: number;
  readonly bestAlone: boolean;
  /** Of all counted tokens together. */
  readonly created: Pick<DeviceCounts, 'buffers' | 'bindGroups' | 'pipelines'>;
}

/**
 * Decodes a few tokens behind a prompt of one, and the same without: the difference is theirs. Undefined where the backend has no
 * device to count at. The model must serve nothing else meanwhile.
 */
export async function countToken(
  { backend, model }: { readonly backend: Backend; readonly model: EngineLanguageModel },
  sampling: SamplingSettings = { temperature: 0 },
  signal?: AbortSignal,
): Promise<TokenCounts | undefined> {
  if (backend.counts === undefined) return undefined;
  const tokens = Math.min(mostTokens, model.contextLength - 2);
  const request = { prompt: [0], ignoreEos: true, sampling, ...(signal === undefined ? {} : { signal }) };
  const countsOf = async (maxTokens: number): Promise<DeviceCounts> => {
    const before = backend.counts!();
    for await (const _ of model.generate({ ...request, maxTokens }));
    return difference(backend.counts!(), before);
  };
  // buffers to read into are made once
  await countsOf(2);
  const prefill = await countsOf(1);
  const { fromLogits } = model.stats().choices;
  const { submissions, dispatches, downloadedBytes, ...created } = difference(await countsOf(1 + tokens), prefill);
  return {
    tokens,
    submissions: submissions / tokens,
    dispatches: dispatches / tokens,
    layerApplications: countLayerApplications(model.config),
    restDispatches: await countRest(backend, model.config),
    readBackBytes: downloadedBytes / tokens,
    bestAlone: model.stats().choices.fromLogits === fromLogits,
    created,
  };
}

const mostTokens = 16;

function difference(after: DeviceCounts, before: DeviceCounts): DeviceCounts {
  const keys = Object.keys(after) as (keyof DeviceCounts)[];
  return Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as DeviceCounts;
}

async function countRest(backend: Backend, config: ModelConfig): Promise<number> {
  const program = decodeProgram({ ...config, stages: [] }, backend.matrixFormat);
  using executable = await backend.compile(program);
  return executable.dispatches(Object.fromEntries(program.scalars.map(({ scalar }) => [scalar, 1])));
}

export interface TokenBytes {
  /** Of the last of `tokens` tokens: what every call of the program must read and write at least once, activations included. */
  readonly moved: number;
  /** The weights once a layer application, and the visible rows of caches. */
  readonly needed: number;
  readonly tokens: number;
}

/** By formula: nothing is run. */
export function bytesOfToken(config: ModelConfig, tokens: number): TokenBytes {
  const { bytes } = summarizeDecoding({ ...config, contextLength: tokens });
  return { moved: bytes, needed: decodeBytes(config, tokens), tokens };
}
