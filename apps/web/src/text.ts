/** Every word of the page. */
import { formatBytes, formatCount, formatFlops, formatMilliseconds, formatSeconds } from './format.ts';
import type { Sight } from './stages.ts';
import type { Architecture, LowerHalf } from './train/architectures.ts';

interface RunName {
  readonly architecture: Architecture;
  readonly lowerHalf: LowerHalf;
  readonly iterations: number;
}

export const text = {
  title: 'YOCO-U',
  lead: 'A language model that thinks deeper by running the same layers again, and remembers with one growing cache instead of one for every layer. It runs here, in this tab.',
  skip: 'Skip to the content',
  navigation: 'Parts of the page',
  /** In the order of the page. */
  views: { generate: 'Generate', look: 'Look inside', memory: 'Memory', train: 'Train', models: 'Models' },
  /** The model that comes with the page. */
  bundled: 'the bundled model',
  theme: { label: 'Appearance', auto: 'Auto', light: 'Light', dark: 'Dark' },
  loading: {
    running: 'Loading the model',
    failed: 'The model could not be loaded.',
    again: 'Try again',
  },
  kept: 'This page is kept in the browser: it works without a network.',
  ownPage: {
    heading: 'The same in a page of your own',
    install: 'What this page is made of, in one package:',
    code: 'Example in TypeScript',
    more: 'It runs the models of the Models part, and those that you train and download here; in Node, in a server with OpenAI’s API, and on the command line too.',
  },
  newer: {
    there: 'A newer version of this page is there.',
    ends: 'Texts and runs of this visit end when it is loaded.',
    othersOpen: 'Close the other tabs with this page first.',
    load: 'Load it',
  },
  where: (description: string) => `Runs on this machine: ${description}`,
  backend: {
    legend: 'What computes',
    names: { wasm: 'CPU.', webgpu: 'GPU.', auto: 'The faster one.' },
    wasm: (threads: number) =>
      threads > 1
        ? `WebAssembly on ${threads} threads. It starts at once and writes the very tokens that the command line writes.`
        : 'WebAssembly on one thread, since this page cannot share memory among threads. It starts at once.',
    webgpu: {
      none: () => 'This browser has no WebGPU.',
      'no-adapter': () => 'WebGPU finds no graphics adapter here.',
      software: (name: string) =>
        `WebGPU, but by a program on the CPU${name === '' ? '' : ` (${name})`}: works, slowly.`,
      there: (name: string) =>
        `WebGPU${name === '' ? '' : ` on ${name}`}. It pays off for large models and many tokens at once.`,
    },
    auto: 'Tries both on this model for a moment and keeps the faster.',
    looking: 'Looking for a graphics adapter …',
    why: 'The CPU is the default: a model this small fits its caches, and there are no shaders to compile first. You can change it at any time; texts stay.',
    changing: 'Moving the model …',
    compiling: (done: number, total: number) => `Compiling shaders: ${done} of ${total}.`,
  },
  recovery: {
    again: 'The device was lost. The model was loaded again, and the text went on from where it was.',
    onWasm:
      'The GPU was lost and did not come back. The model runs on the CPU now, and the text went on from where it was.',
  },
  architecture: {
    label: (parts: readonly string[]) => `How the model is built, from text to next word. ${parts.join('; ')}.`,
    text: 'your text',
    next: 'next token',
    stage: (index: number, count: number) =>
      count === 1
        ? 'All layers'
        : index === 0
          ? 'Lower half'
          : index === count - 1
            ? 'Upper half'
            : `Part ${index + 1}`,
    facts: (layers: number, sight: Sight, window: number | undefined) =>
      `${layers} ${layers === 1 ? 'layer' : 'layers'}, ${{ window: `a window of ${window}`, full: 'a cache in each', state: 'a fading state', shared: 'reading one cache' }[sight]}`,
    times: (count: number) => `× ${count}`,
    cache: 'kept once',
  },
  generate: {
    heading: 'Generate',
    prompt: 'Prompt',
    start: 'Generate',
    stop: 'Stop',
    depth: 'Depth',
    depthHint: (trained: number) =>
      `How often the lower half runs before the upper half speaks: more thought, no more parameters. Trained at ${trained}; choose up to three to compare.`,
    branchOf: (count: number): string => `Branch · ${text.generate.depthOf(count)}`,
    written: (name: string) => `${name}. Arrow keys walk through the tokens.`,
    close: (name: string) => `Close ${name}`,
    next: {
      heading: 'Next token',
      percent: (share: number): string => `${share >= 0.0995 ? Math.round(100 * share) : (100 * share).toFixed(1)} %`,
      below: (share: number): string => `< ${text.generate.next.percent(share)}`,
      branch: (token: string, own: number, drawn: string): string =>
        `Go on with ‹${token}›: ${drawn} after the settings, ${text.generate.next.percent(own)} by the model`,
      hint: 'Wide bars: what the model believes. Thin bars: what your settings leave. Choose a token to go on with it; click into the text to go back.',
    },
    depthOf: (count: number): string => (count === 1 ? '1 iteration' : `${count} iterations`),
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
    tour: {
      heading: 'How it works, in two minutes',
      compare: (less: number, more: number): string => `Write with ${less} and ${more} iterations.`,
      compareHint:
        'Same weights, same prompt, same seed: only the loop of the lower half differs, as in the picture. Click a word to see what else it could have been.',
      steps: {
        look: {
          link: 'See what each round changes.',
          hint: 'What the model would say after one round of the loop, after two, after three, and where its heads look.',
        },
        memory: {
          link: 'See what a million tokens cost.',
          hint: 'One cache for all layers, beside one for each of them.',
        },
        train: {
          link: 'Teach one of your own.',
          hint: 'A small one, on any text, beside a Transformer of the same compute.',
        },
      },
      same: 'The same prompt and seed always give the same text.',
    },
    waiting: 'reading the prompt',
    status: {
      writing: 'Writing.',
      stopped: 'Stopped.',
      ended: 'Finished.',
      failed: 'Failed.',
    },
    figures: (tokens: number, perSecond: number | undefined, firstMilliseconds: number) =>
      `${formatCount(tokens)} ${tokens === 1 ? 'token' : 'tokens'}${perSecond === undefined ? '' : ` · ${formatCount(perSecond)} tokens/s`} · first after ${formatMilliseconds(firstMilliseconds)}`,
    cache: (bytes: number) => `cache ${formatBytes(bytes)}`,
    reason: { stop: 'the text ended by itself', length: 'all tokens written', abort: 'stopped' },
  },
  memory: {
    heading: 'Memory',
    lead: 'A model keeps keys and values of every token it has read. A Transformer keeps them in each layer. YOCO-U keeps them once, plus a short window, whatever its depth.',
    caption: 'Cache of models of the same width and depth, float32',
    now: (tokens: number) => (tokens === 0 ? 'Nothing written yet' : `Text so far, ${text.memory.tokens(tokens)}`),
    at: (tokens: number) => `At ${text.memory.tokens(tokens)}`,
    slider: 'Length of the text',
    tokens: (tokens: number): string => `${formatCount(tokens)} tokens`,
    system: 'System',
    times: (factor: number) => `${factor.toLocaleString('en', { maximumSignificantDigits: 2 })} ×`,
    own: 'The model at hand',
    factor: (own: string) => `Against ${own === text.memory.own ? 'it' : own}`,
    note: 'Figures by the formula that the engine counts with; those of the text so far grow while one is written. The windows of the lower half cost a fixed amount that short texts do not pay back.',
  },
  look: {
    heading: 'Look inside',
    lead: 'The lower half runs several times over the same text before the upper half speaks. Here is what each round changes.',
    text: 'Your text',
    sample:
      'Once upon a time there was a little girl who lived with her mother in a small house by the sea. Every morning the little girl went down to the sea with her mother, and every morning the sea was blue. One day a great ship came over the water, and an old man stood upon it. He looked at the little girl and said that he had come from a land where there was no morning.',
    waiting: 'Looking …',
    cut: (most: number) => `The first ${most} tokens are looked at.`,
    failed: 'It could not be looked at:',
    loss: {
      heading: 'How well it reads your text at each depth',
      lead: 'Bits that the model needs for each byte of your text. Fewer are better. The bars begin at a common value, so that differences show.',
      value: (bits: number) => bits.toFixed(3),
    },
    rounds: {
      heading: 'What it would say next, round by round',
      lead: 'Each line is a token of your text. A cell shows what would come next if the loop ended there, in full ink where the model is sure and underlined where it is right. The bar below is how far the hidden state moved in that round: long at first, then it settles.',
      token: 'Token',
      round: (index: number) => `Round ${index}`,
      moved: (share: number): string =>
        share < 10 ? `moved ${Math.round(100 * share)} %` : `moved ${formatCount(share)} times its length`,
      cell: (token: string, probability: number, change: number): string =>
        `${token}, ${text.generate.next.percent(probability)}, ${text.look.rounds.moved(change)}`,
      details: (token: string) => `What could follow ‹${token}›`,
    },
    attention: {
      headings: { taken: 'Where one head looks', held: 'What one head still remembers' },
      leads: {
        window: (window: number | undefined): string =>
          `A head of this part sees the last ${window} tokens, so what its layer keeps never grows.`,
        full: (): string =>
          'A head of this part sees all tokens before, and its layer keeps a cache of its own for that.',
        state: (): string =>
          'A head of this part keeps no tokens: each is added to a state of fixed size, and at each token a gate lets a little of that state fade.',
        shared: (): string =>
          'A head of this part sees all tokens before, but all its layers read the same cache, which is filled once.',
      },
      darker: {
        taken: 'The darker a token, the more the head takes of it. Choose a line above to look from another token.',
        held: 'The darker a token, the more is left of it. Choose a line above to look from another token.',
      },
      stage: 'Part',
      iteration: 'Round',
      layer: 'Layer',
      head: 'Head',
      taken: (token: string, most: readonly { readonly token: string; readonly share: number }[]): string =>
        `For ‹${token}› it takes most of ${most.map(({ token: name, share }) => `‹${name}› (${text.generate.next.percent(share)})`).join(', ')}.`,
      held: (token: string, count: number, all: number): string =>
        `At ‹${token}› more than half is left of ${count === all ? `all ${formatCount(all)} tokens` : count === 1 ? 'this token alone' : `the last ${formatCount(count)} tokens`}.`,
      shares: {
        taken: (share: number): string => `${text.generate.next.percent(share)} taken`,
        held: (share: number): string => `${text.generate.next.percent(share)} left`,
      },
      maps: {
        taken: 'How much each token, a line each, takes of those before it',
        held: 'How much is left, at each token, a line each, of those before it',
      },
    },
  },
  train: {
    heading: 'Train',
    lead: 'A model learns from text here, in this tab. Watch its loss fall, compare what architectures make of the same compute, write with it, or take it home: the command line reads what is downloaded.',
    loading: 'Loading the training part',
    text: 'Text to learn from',
    textHint: 'Paste some pages, or take the sample. A line with <|endoftext|> ends a document.',
    sample: 'Take the sample',
    sampleFailed: 'The sample could not be loaded:',
    architecture: 'Architecture',
    architectures: { yoco_u: 'YOCO-U', yoco: 'YOCO', transformer: 'Transformer' },
    architectureHints: {
      yoco_u: (lower: LowerHalf): string =>
        `The lower half of the layers ${text.train.lowerHalfHints[lower]} and runs T times; the upper half runs once and shares one cache.`,
      yoco: (lower: LowerHalf): string =>
        `The lower half of the layers ${text.train.lowerHalfHints[lower]}, the upper half shares one cache. Every layer runs once.`,
      transformer: (): string => 'Every layer looks at all the text before, keeps a cache of its own and runs once.',
    },
    lowerHalf: 'Lower half keeps',
    lowerHalves: { window: 'A window', state: 'A fading state' },
    lowerHalfHints: {
      window: 'looks at a window',
      state: 'keeps a state that fades by learned gates (gated retention)',
    },
    iterations: 'Iterations T',
    depth: 'Size',
    layers: (layers: number) => `${layers} layers, ${32 * layers} wide`,
    steps: 'Steps',
    backend: 'Runs on',
    backends: { wasm: 'CPU (WASM)', webgpu: 'GPU (WebGPU)' },
    start: 'Train',
    compare: 'Compare all three',
    compareHint:
      'A comparison trains YOCO-U for the steps above, then the others on the same text for as many floating-point operations. One seed shows a tendency, no more.',
    nameOf: ({ architecture, lowerHalf, iterations }: RunName): string =>
      text.train.architectures[architecture] +
      (architecture === 'yoco_u' ? `, T = ${iterations}` : '') +
      (architecture !== 'transformer' && lowerHalf === 'state' ? ', fading state' : ''),
    runHeading: (name: string, number: number) => `${name} · run ${number}`,
    status: {
      preparing: 'Preparing.',
      training: 'Training.',
      paused: 'Paused.',
      finished: 'Trained.',
      stopped: 'Stopped.',
      failed: 'Failed.',
    },
    progress: 'How far the training is',
    preparing: 'learning a tokenizer from the text',
    plan: (parameters: number, steps: number, flops: number) =>
      `${formatCount(parameters)} parameters · ${formatCount(steps)} steps · ${formatFlops(flops)}`,
    step: (step: number, bitsPerByte: number, perSecond: number) =>
      `step ${formatCount(step)} · ${bitsPerByte.toFixed(3)} bits per byte · ${formatCount(perSecond)} tokens/s`,
    left: (seconds: number) => `${formatSeconds(seconds)} left`,
    next: (names: readonly string[]) => `Next: ${names.join(', ')}.`,
    pause: 'Pause',
    goOn: 'Go on',
    stop: 'Stop',
    sampleCaption: 'What it writes by now',
    flops: 'Compute',
    bitsPerByte: 'Bits per byte',
    chartLabel: (points: readonly string[]) => `Loss over compute. ${points.join('; ')}.`,
    chartPoint: (name: string, bitsPerByte: number) => `${name}: ${bitsPerByte.toFixed(3)} bits per byte`,
    chartHint: 'Lines: text it trains on, a running mean. Dots: text that was held out. Lower is better.',
    caption: 'Runs of this visit: loss in bits per byte. They are forgotten when the page is closed.',
    run: 'Run',
    trainLoss: 'Training',
    validationLoss: 'Held out',
    model: 'Model',
    use: 'Write with it',
    useOf: (name: string) => `Write with it: ${name}`,
    download: 'Download',
    downloadOf: (name: string) => `Download ${name}`,
    remove: 'Forget',
    removeOf: (name: string) => `Forget ${name}`,
  },
  models: {
    heading: 'Models',
    lead: 'Any model folder of this project works here: config.json, tokenizer.json and safetensors. Its files stay on this machine.',
    loading: 'Loading the part for models',
    atHand: (name: string) => `At hand: ${name}.`,
    bundled: 'Back to the bundled model',
    files: 'Open files',
    dropHint: 'Drop a model folder or a zip file of one here, or choose it.',
    pickFolder: 'Choose a folder',
    pickZip: 'Choose a zip file',
    address: 'Address of a model folder or zip file',
    addressHint: 'Its server must allow this page to read it (CORS). The page asks no other server for anything.',
    open: 'Open',
    openOf: (name: string) => `Open ${name}`,
    keep: 'Keep a copy in this browser',
    taking: 'Taking the model in',
    bytesOf: (done: number, total: number) => `${formatBytes(done)} of ${formatBytes(total)}`,
    cancel: 'Cancel',
    opened: (name: string, keeping: 'kept' | 'not asked' | 'no room' | 'nowhere') =>
      ({
        kept: `${name} is at hand, and kept in this browser.`,
        'not asked': `${name} is at hand until the page is closed.`,
        'no room': `${name} is at hand until the page is closed: this browser has no room to keep it. Delete models below, or free space on the disk.`,
        nowhere: `${name} is at hand until the page is closed: this browser keeps no files for pages, as in private windows.`,
      })[keeping],
    caption: 'Kept in this browser',
    model: 'Model',
    size: 'Size',
    actions: 'Actions',
    resume: 'Resume',
    resumeOf: (name: string) => `Resume ${name}`,
    remove: 'Delete',
    removeOf: (name: string) => `Delete ${name}`,
  },
  model: (parameters: number) =>
    `The model that loads with this page has ${(parameters / 1e6).toFixed(1)} million parameters and read children’s books in the US public domain. It writes sentences that sound like them, not stories that hold together.`,
} as const;
