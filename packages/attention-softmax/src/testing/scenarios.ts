/** Cases that every backend is put through. */
import type { HeadShape } from './naive-attention.ts';
import { chunkedSteps, type MemoryKind, type Scenario, seededSequences } from './run-attention.ts';

export interface Case {
  readonly title: string;
  readonly scenario: Scenario;
}

export interface CaseOptions {
  readonly shape: HeadShape;
  readonly window?: number;
  readonly memory: MemoryKind;
  readonly lengths: readonly number[];
  readonly chunk: number;
  readonly start?: number;
  readonly pageLength?: number;
  readonly contextLength?: number;
}

/** Puts sequences of seeded numbers through one kind of memory in chunks. */
export function scenarioOf(options: CaseOptions): Scenario {
  const { shape, window, memory, lengths, chunk, start = 0 } = options;
  const longest = Math.max(...lengths);
  const steps = chunkedSteps(lengths, chunk);
  return {
    shape,
    ...(window === undefined ? {} : { window }),
    memory,
    sequences: seededSequences(shape, lengths, shape.headDim * 31 + longest, start),
    steps,
    contextLength: options.contextLength ?? longest,
    pageLength: options.pageLength ?? 16,
    // more than any run needs: what lies beyond is NaN
    maxRows: lengths.length * Math.min(chunk, longest) + 3,
    maxSegments: lengths.length + 2,
  };
}

const grouped: HeadShape = { heads: 6, keyValueHeads: 2, headDim: 8 };

function describe({ shape, window, memory, lengths, chunk, start }: CaseOptions): string {
  const heads = `${shape.heads}/${shape.keyValueHeads} heads of ${shape.headDim}`;
  const from = start === undefined ? '' : ` from ${start}`;
  return `${heads}, window ${window ?? 'none'}, ${memory}, lengths ${lengths.join(' ')}${from} by ${chunk}`;
}

function allOptions(): CaseOptions[] {
  const options: CaseOptions[] = [];
  for (let headDim = 1; headDim <= 24; headDim++) {
    const shape = { heads: 1 + (headDim % 5), keyValueHeads: 1, headDim };
    options.push({ shape, memory: 'none', lengths: [13], chunk: 13 });
    options.push({ shape, memory: 'pages', lengths: [21], chunk: 4 });
    options.push({ shape, memory: 'ring', window: 9, lengths: [21], chunk: 4 });
  }
  for (let window = 1; window <= 40; window++) {
    options.push({ shape: grouped, window, memory: 'none', lengths: [37], chunk: 37, start: window % 11 });
    options.push({ shape: grouped, window, memory: 'ring', lengths: [50], chunk: 1 + (window % 13) });
  }
  for (const [heads, keyValueHeads] of [
    [4, 4],
    [7, 1],
    [12, 4],
  ] as const) {
    const shape = { heads, keyValueHeads, headDim: 12 };
    options.push({ shape, memory: 'none', lengths: [45], chunk: 45 });
    options.push({ shape, memory: 'pages', lengths: [45], chunk: 17 });
    options.push({ shape, memory: 'ring', window: 20, lengths: [45], chunk: 17 });
  }
  for (const chunk of [1, 3, 8, 17, 70]) {
    const lengths = [41, 3, 70, 8];
    options.push({ shape: grouped, memory: 'pages', lengths, chunk });
    options.push({ shape: grouped, memory: 'pages', lengths, chunk, window: 11, pageLength: 8 });
    options.push({ shape: grouped, memory: 'ring', window: 5, lengths, chunk });
    options.push({ shape: grouped, memory: 'ring', window: 32, lengths, chunk });
    options.push({ shape: grouped, memory: 'ring', window: 500, lengths, chunk });
  }
  for (const start of [1, 7, 8, 29, 1000]) {
    options.push({ shape: grouped, memory: 'none', lengths: [1, 10, 40], chunk: 40, start });
  }
  return options;
}

/** Odd shapes, grouped heads, widths 1 to 24, windows 1 to 40, several sequences, every memory and chunking. */
export const cases: readonly Case[] = allOptions().map((options) => ({
  title: describe(options),
  scenario: scenarioOf(options),
}));

export function caseOf(options: CaseOptions): Case {
  return { title: describe(options), scenario: scenarioOf(options) };
}
