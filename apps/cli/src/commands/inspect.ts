/** `inspect`: what a model is and what it costs, by formula; no weights are read. */
import { join } from 'node:path';
import {
  cacheBytes,
  comparedSystems,
  countParameters,
  flopsPerToken,
  type ModelConfig,
  parseConfig,
  prefillFlops,
  withIterations,
} from '@yoco-u/model';
import { printProgram } from '@yoco-u/tensor';
import { builtInAttention } from '@yoco-u/yoco-u';
import { decodeProgram, summarizeDecoding } from '../bench/decode-program.ts';
import { formatBytes, formatCount } from '../format.ts';
import { modelFolder } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { readJsonObject } from '../read-text.ts';
import { printTable } from '../table.ts';

export interface InspectOptions extends Pick<ModelOptions, 'iterations' | 'json'> {
  readonly program?: boolean;
}

const lengths = [2 ** 10, 2 ** 13, 2 ** 16, 2 ** 18, 2 ** 20];

export async function inspect(folder: string | undefined, options: InspectOptions): Promise<void> {
  const path = modelFolder(folder);
  const parsed = parseConfig(await readJsonObject(join(path, 'config.json')), builtInAttention);
  const config = options.iterations === undefined ? parsed : withIterations(parsed, options.iterations);
  if (options.program === true) {
    console.log(printProgram(decodeProgram(config)));
    return;
  }
  const systems = [
    { name: 'this model', config },
    ...comparedSystems(config).map(({ name, config: json }) => ({ name, config: parseConfig(json, builtInAttention) })),
  ].map((system) => describe(system.name, system.config));
  if (options.json === true) {
    console.log(
      JSON.stringify({
        model: path,
        trainIterations: config.source.train_iterations,
        program: summarizeDecoding(config),
        systems,
      }),
    );
    return;
  }
  const program = summarizeDecoding(config);
  console.log(`${path}: ${config.modelType}, ${config.stages.map(describeStage).join(' then ')}`);
  console.log(
    `width ${config.hiddenSize}, heads ${config.heads}/${config.keyValueHeads} of ${config.headDim}, FFN ${config.intermediateSize}, vocabulary ${config.vocabularySize}, context ${config.contextLength}`,
  );
  const trained = describeTraining(config.source.train_iterations);
  if (trained !== undefined) console.log(trained);
  console.log(`one decode step: ${program.calls} kernel calls, arena ${formatBytes(program.arenaBytes)}\n`);
  printTable(
    ['', 'parameters', 'FLOPs/token', ...lengths.map((length) => `cache ${formatLength(length)}`)],
    systems.map((system) => [
      system.name,
      formatCount(system.parameters),
      formatCount(system.flopsPerToken),
      ...system.cacheBytes.map(({ bytes }) => formatBytes(bytes)),
    ]),
  );
  console.log(
    `\nFLOPs a token: forward, a mean over ${config.contextLength} tokens. Caches: float32, one sequence. Compared systems: same width, layers, heads and window.`,
  );
}

function describe(name: string, config: ModelConfig) {
  return {
    name,
    parameters: countParameters(config),
    flopsPerToken: flopsPerToken(config, config.contextLength),
    prefillFlops: prefillFlops(config, config.contextLength),
    cacheBytes: lengths.map((tokens) => ({ tokens, bytes: cacheBytes(config, tokens) })),
  };
}

function describeStage(stage: ModelConfig['stages'][number]): string {
  const names = [...new Set(stage.layers.map(({ variant }) => variant.name))].join('/');
  return `${stage.layers.length} ${stage.type} layers (${names}) x${stage.iterations}`;
}

/** What `train` writes of runs that drew the iteration count of each step. */
function describeTraining(drawn: unknown): string | undefined {
  if (typeof drawn !== 'object' || drawn === null || !('from' in drawn) || !('to' in drawn)) return undefined;
  return `trained at ${drawn.from} to ${drawn.to} iterations of the first self stage, drawn a step`;
}

function formatLength(tokens: number): string {
  return tokens >= 2 ** 20 ? `${tokens / 2 ** 20}M` : `${tokens / 2 ** 10}K`;
}
