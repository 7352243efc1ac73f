/** Every word of the page. */
import { formatBytes, formatCount, formatMilliseconds } from './format.ts';

export const text = {
  title: 'YOCO-U',
  lead: 'A language model that thinks deeper by running the same layers again, and remembers with one growing cache instead of one for every layer. It runs here, in this tab.',
  skip: 'Skip to the content',
  navigation: 'Parts of the page',
  /** In the order of the page. */
  views: { generate: 'Generate', memory: 'Memory' },
  /** The model that comes with the page. */
  bundled: 'the bundled model',
  theme: { label: 'Appearance', auto: 'Auto', light: 'Light', dark: 'Dark' },
  loading: {
    running: 'Loading the model',
    failed: 'The model could not be loaded.',
    again: 'Try again',
  },
  where: (description: string, isolated: boolean) =>
    isolated
      ? `Runs on this machine: ${description}.`
      : `Runs on this machine: ${description}. This page cannot share memory among threads, so one thread does the work.`,
  generate: {
    heading: 'Write',
    prompt: 'Prompt',
    start: 'Write on',
    stop: 'Stop',
    depth: 'Depth',
    depthHint: (trained: number) =>
      `How often the lower half runs before the upper half speaks. It was trained at ${trained}; choose up to three and compare.`,
    depthOf: (count: number) => (count === 1 ? '1 iteration' : `${count} iterations`),
    trained: 'as trained',
    seed: 'Seed',
    newSeed: 'New seed',
    maxTokens: 'Tokens',
    temperature: 'Temperature',
    more: 'More sampling settings',
    topK: 'Top k',
    topP: 'Top p',
    minP: 'Min p',
    penalty: 'Repetition penalty',
    off: 'off',
    empty: 'Nothing written yet. The same prompt and seed always give the same text.',
    waiting: 'reading the prompt',
    status: {
      writing: 'Writing.',
      stopped: 'Stopped.',
      ended: 'Finished.',
      failed: 'Failed.',
    },
    figures: (tokens: number, perSecond: number, firstMilliseconds: number) =>
      `${formatCount(tokens)} tokens · ${formatCount(perSecond)} tokens/s · first after ${formatMilliseconds(firstMilliseconds)}`,
    cache: (bytes: number) => `cache ${formatBytes(bytes)}`,
    reason: { stop: 'the text ended by itself', length: 'all tokens written', abort: 'stopped' },
  },
  memory: {
    heading: 'Remember',
    lead: 'A model keeps keys and values of every token it has read. A Transformer keeps them in each layer. YOCO-U keeps them once, plus a short window, whatever its depth.',
    caption: (tokens: number) => `Cache at ${formatCount(tokens)} tokens, same width and depth, float32`,
    follow: 'Follow the text above',
    slider: 'Length of the text',
    tokens: (tokens: number) => `${formatCount(tokens)} tokens`,
    system: 'System',
    bytes: 'Cache',
    times: (factor: number) => `${factor.toLocaleString('en', { maximumSignificantDigits: 2 })} ×`,
    factor: 'Against YOCO-U',
    note: 'Figures by the formula that the engine counts with. The windows cost a fixed amount that short texts do not pay back.',
  },
  model:
    'The model that loads with this page has 1.3 million parameters and read children’s books in the US public domain. It writes sentences that sound like them, not stories that hold together.',
} as const;
