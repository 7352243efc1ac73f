/**
 * Models of llama2.c, its original ("version 0") format: 7 int32 and then float32 weights without names.
 *
 * Format: `legacy_export` of https://github.com/karpathy/llama2.c/blob/master/export.py
 */
import { type ByteSource, memorySource } from './byte-source.ts';
import { elementsOf } from './data-type.ts';
import { failure } from './fail.ts';
import {
  type ImportedModel,
  type LlamaSizes,
  layerPrefix,
  transformerConfig,
  transformerShapes,
} from './imported-model.ts';
import { createScratchPool } from './scratch.ts';
import { createTensorEntry, type ReadStored, type TensorEntry } from './tensor-entry.ts';

const headerBytes = 28;
/** Versions 1 and 2 begin with "ak42". */
const laterVersionsMagic = 0x616b3432;

/**
 * A llama2.c model in this project's format. Weights are read from the source when asked for; rows of the query and key projections
 * are put from llama2.c's interleaved rotary pairs (2i, 2i + 1) into rotate-half order (i, i + D / 2). Throws `CheckpointError`
 * unless the header makes sense and the file has exactly the size it implies.
 */
export async function importLlama2c(model: Uint8Array | ByteSource): Promise<ImportedModel> {
  const source = model instanceof Uint8Array ? memorySource(model, 'llama2.c model') : model;
  const sizes = await readSizes(source);
  const end = headerBytes + elementsInFile(sizes) * 4;
  // Before anything is made per layer: a damaged header may promise a thousand million layers.
  if (end !== source.size) {
    throw failure({
      where: source.name,
      expected: `${end} bytes, as its header implies`,
      got: `${source.size} bytes`,
      fix: 'the file is cut off or not a version 0 model of llama2.c: download it again or export it with --version 0',
    });
  }
  const shapes = transformerShapes(sizes);
  const tensors = new Map<string, TensorEntry>();
  const scratch = createScratchPool();
  for (const [name, start] of layOut(sizes, shapes)) {
    const shape = shapes.get(name) ?? [];
    const stored: ReadStored = async (offset, into) => {
      await source.read(start + offset, into.length, into);
    };
    const isRotated = /\.(q_proj|k_proj)\.weight$/.test(name);
    const readStored = isRotated ? rotateHalfOrder(stored, sizes.headWidth, sizes.width * 4) : stored;
    tensors.set(name, createTensorEntry({ name, dtype: 'F32', shape, file: source.name, readStored, scratch }));
  }
  // Its tokenizer's ids: 1 begins a text, and 1 or 2 ends one.
  return { config: { ...transformerConfig(sizes), bos_token_id: 1, eos_token_id: [1, 2] }, tensors };
}

async function readSizes(source: ByteSource): Promise<LlamaSizes> {
  const where = `${source.name}: header`;
  if (source.size < headerBytes) {
    const fix = 'this is not a llama2.c model, or it is cut off';
    throw failure({ where, expected: `${headerBytes} bytes`, got: `${source.size} bytes`, fix });
  }
  const bytes = await source.read(0, headerBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  if (view.getUint32(0, true) === laterVersionsMagic) {
    const fix = 'export the model with --version 0';
    throw failure({ where, expected: 'a version 0 model of llama2.c', got: `version ${view.getInt32(4, true)}`, fix });
  }
  const [width, hiddenWidth, layers, heads, keyValueHeads, vocabulary, contextLength] = Array.from(
    { length: 7 },
    (_, i) => view.getInt32(4 * i, true),
  );
  const vocabularySize = Math.abs(vocabulary);
  const positive = [width, hiddenWidth, layers, heads, keyValueHeads, vocabularySize, contextLength].every(
    (size) => size > 0,
  );
  const headWidth = width / heads;
  if (!positive || !Number.isInteger(headWidth) || headWidth % 2 !== 0 || heads % keyValueHeads !== 0) {
    throw failure({
      where,
      expected: 'positive sizes, an even width of heads, and heads a multiple of key/value heads',
      got:
        `width ${width}, hidden width ${hiddenWidth}, ${layers} layers, ${heads} heads, ${keyValueHeads} key/value heads, ` +
        `vocabulary ${vocabulary}, context ${contextLength}`,
      fix: 'this is not a version 0 model of llama2.c',
    });
  }
  return {
    vocabularySize,
    width,
    hiddenWidth,
    layers,
    heads,
    keyValueHeads,
    headWidth,
    contextLength,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    // A negative vocabulary size announces an output head of its own.
    tiedHead: vocabulary > 0,
  };
}

function elementsInFile(sizes: LlamaSizes): number {
  const { width, hiddenWidth, headWidth, vocabularySize } = sizes;
  const keys = sizes.keyValueHeads * headWidth;
  const layer = 2 * width + 2 * width * width + 2 * keys * width + 3 * hiddenWidth * width;
  const embeddings = (sizes.tiedHead ? 1 : 2) * vocabularySize * width;
  return embeddings + sizes.layers * layer + width + sizes.contextLength * headWidth;
}

/** Where each tensor starts, in bytes, in the order of the file: each kind of weight for all layers, then the next kind. */
function layOut(sizes: LlamaSizes, shapes: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, number> {
  const perLayer = [
    'attention_norm',
    'attention.q_proj',
    'attention.k_proj',
    'attention.v_proj',
    'attention.o_proj',
    'feed_forward_norm',
    'feed_forward.gate_proj',
    'feed_forward.down_proj',
    'feed_forward.up_proj',
  ];
  const places = new Map<string, number>();
  let end = headerBytes;
  const place = (name: string): void => {
    places.set(name, end);
    end += elementsOf(shapes.get(name) ?? []) * 4;
  };
  place('model.embed_tokens.weight');
  for (const kind of perLayer) {
    for (let layer = 0; layer < sizes.layers; layer++) place(`${layerPrefix(layer)}.${kind}.weight`);
  }
  place('model.norm.weight');
  // Two rotary tables, cosine and sine, that are computed anew here.
  end += sizes.contextLength * sizes.headWidth * 4;
  if (!sizes.tiedHead) place('lm_head.weight');
  return places;
}

/** Row i of a head comes from its row 2i, row i + D / 2 from 2i + 1. Works on one head at a time. */
function rotateHalfOrder(stored: ReadStored, headWidth: number, rowBytes: number): ReadStored {
  const headBytes = headWidth * rowBytes;
  const half = headWidth / 2;
  return async (offset, into) => {
    const interleaved = new Uint8Array(headBytes);
    const ordered = new Uint8Array(headBytes);
    for (let done = 0; done < into.length; ) {
      const within = (offset + done) % headBytes;
      await stored(offset + done - within, interleaved);
      for (let row = 0; row < headWidth; row++) {
        const from = (row < half ? 2 * row : 2 * (row - half) + 1) * rowBytes;
        ordered.set(interleaved.subarray(from, from + rowBytes), row * rowBytes);
      }
      const part = ordered.subarray(within, within + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  };
}
