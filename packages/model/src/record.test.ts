import { f32, printProgram } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { parseConfig, withIterations } from './config.ts';
import { type ForwardOptions, recordForward } from './record.ts';
import { registry, yocoU } from './testing.ts';

const config = parseConfig(yocoU, registry);
const memory = { slots: 2, contextLength: 32, pageLength: 8, pages: 8 };
const options: ForwardOptions = { maxRows: 5, maxSegments: 2, outputs: 1, head: 'logits', memory, matrixFormat: f32 };

describe('recordForward', () => {
  test('T = 1 is the very program of YOCO', () => {
    const stages = yocoU.stages.map((stage) => ({ ...stage, iterations: 1 }));
    const yoco = recordForward(parseConfig({ ...yocoU, model_type: 'yoco', stages }, registry), options);
    expect(recordForward(withIterations(config, 1), options)).toEqual(yoco);
  });

  test('a last cross stage runs its layers on wanted rows only', () => {
    const program = recordForward(config, options);
    const rowsOf = (kernel: string) =>
      program.calls
        .filter((call) => call.kernel === kernel)
        .map((call) => program.tensors[call.outputs[0]!]!.type.shape[0]);
    expect(new Set(rowsOf('attention.softmax_paged'))).toEqual(new Set([1]));
    expect(new Set(rowsOf('attention.sliding_window'))).toEqual(new Set([5]));
  });

  test('without memory there is no state and no early exit', () => {
    const { memory: _, ...rest } = options;
    const program = recordForward(config, { ...rest, outputs: 'all' });
    expect(program.tensors.filter(({ role }) => role === 'state')).toEqual([]);
    expect(program.tensors.some(({ name }) => name === 'output_rows')).toBe(false);
  });

  test('one cache that grows, and one ring an iteration and layer', () => {
    const states = recordForward(config, options).tensors.filter(({ role }) => role === 'state');
    const rings = states.filter(({ name }) => name.includes('iteration'));
    expect(rings).toHaveLength(6);
    expect(states).toHaveLength(7);
  });

  test('survives a structured clone', () => {
    const program = recordForward(config, options);
    expect(structuredClone(program)).toEqual(program);
  });

  test('reads as text', () => {
    const text = printProgram(recordForward(config, options));
    expect(text).toContain("embedding('tokens', 'model.embed_tokens.weight') rows=$rows scale=1");
    expect(text.split('\n').at(-1)).toMatch(/^'logits' f32 \[1, 97\] = linear\(/);
  });
});
