import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModelMemory, memoryShape } from '@yoco-u/engine';
import { comparedSystems, parseConfig } from '@yoco-u/model';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { builtInAttention } from './attention.ts';

interface Stage {
  readonly type: 'self' | 'cross';
  readonly layers: number;
  readonly iterations?: number;
  readonly attention: string | readonly string[];
  readonly window?: number;
}

interface Json extends Readonly<Record<string, unknown>> {
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly stages: readonly Stage[];
}

const golden = join(import.meta.dirname, '../../../fixtures/golden');
const read = (name: string): Json => JSON.parse(readFileSync(join(golden, name, 'config.json'), 'utf8'));

/** Spec section 3, for float32: what a sequence of `tokens` keeps. */
function formula(json: Json, tokens: number): number {
  const keyValues = 2 * 4 * json.num_key_value_heads * json.head_dim;
  const layer = (attention: string, window = 0): number => {
    if (attention === 'gated_retention') return 4 * json.num_attention_heads * json.head_dim ** 2;
    return keyValues * (attention === 'full' ? tokens : Math.min(tokens, window));
  };
  const stage = ({ type, layers, iterations = 1, attention, window }: Stage): number => {
    if (type === 'cross') return keyValues * tokens;
    const names = typeof attention === 'string' ? new Array<string>(layers).fill(attention) : attention;
    return iterations * names.reduce((sum, name) => sum + layer(name, window), 0);
  };
  return json.stages.reduce((sum, each) => sum + stage(each), 0);
}

const folders: readonly (readonly [string, Json])[] = readdirSync(golden).map((name) => [name, read(name)]);
const compared = comparedSystems(parseConfig(read('yoco_u'), builtInAttention)).map(
  ({ name, config }) => [`${name} beside yoco_u`, config as Json] as const,
);

test.each([...folders, ...compared])('%s: bytes in use are those of the formula at every length', async (_, json) => {
  const longest = 80;
  await using backend = createReferenceBackend();
  using memory = createModelMemory(backend, parseConfig(json, builtInAttention), memoryShape(1, longest));
  const lengths = Array.from({ length: longest }, (_unused, index) => index + 1);
  expect(lengths.map((tokens) => memory.bytesInUse(tokens))).toEqual(lengths.map((tokens) => formula(json, tokens)));
  expect(memory.allocatedBytes).toBeGreaterThanOrEqual(memory.bytesInUse(longest));
});
