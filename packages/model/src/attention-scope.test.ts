import { fullAttention } from '@yoco-u/attention-softmax';
import { type AnyAttentionVariant, ShapeError } from '@yoco-u/spec';
import { f32, gatherRows, i32, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { type ForwardOptions, recordForward } from './record.ts';
import { listStates } from './states.ts';
import { registry, yocoU } from './testing.ts';

const memory = { slots: 2, contextLength: 32, pageLength: 8, pages: 8 };
const options: ForwardOptions = { maxRows: 5, maxSegments: 2, outputs: 'all', head: 'logits', matrixFormat: f32 };

/** A variant of somebody else's, in the second stage. */
const configWith = (changes: Partial<AnyAttentionVariant>) =>
  parseConfig({ ...yocoU, stages: [yocoU.stages[0], { type: 'self', layers: 1, attention: 'mine' }] }, [
    ...registry,
    { ...fullAttention, name: 'mine', ...changes },
  ]);
const applying = (apply: unknown) => configWith({ apply: apply as AnyAttentionVariant['apply'] });
const where = "config.stages[1]: attention 'mine': ";

describe.each([
  ['with memory', { ...options, memory }],
  ['without memory', options],
])('%s', (_, forward) => {
  const refusal = (config: ReturnType<typeof configWith>) => {
    try {
      recordForward(config, forward);
    } catch (error) {
      expect(error).toBeInstanceOf(ShapeError);
      return (error as Error).message;
    }
    return 'nothing';
  };

  test('a variant that asks for a state it does not declare is told which it declares', () => {
    const apply: AnyAttentionVariant['apply'] = (_graph, _config, input, scope) => {
      scope.state('pgaes');
      return input;
    };
    expect(refusal(applying(apply))).toBe(`${where}expected a state that the variant declares (pages), got 'pgaes'`);
  });

  test('a variant that asks for a parameter it does not declare is told which it declares', () => {
    const parameters: AnyAttentionVariant['parameters'] = (config) => fullAttention.parameters(config).slice(1);
    const message = `${where}expected a parameter that the variant declares (o_proj, q_norm, k_proj, v_proj, k_norm), got 'q_proj'`;
    expect(refusal(configWith({ parameters }))).toBe(message);
  });

  test('names of a stage are declared apart from those of its layers', () => {
    const apply: AnyAttentionVariant['apply'] = (_graph, _config, input) => input;
    const prepare: AnyAttentionVariant['prepare'] = (_graph, _config, _input, scope) => scope.state('pages');
    expect(refusal(configWith({ prepare, apply }))).toContain("declares (none here), got 'pages'");
  });

  test.each([
    ['nothing', undefined, 'undefined'],
    ["a call's list of outputs", [{}], "a list; return an element of the call's list of outputs"],
    ['something else', { rows: 5 }, '[object Object]'],
  ])('a result that is %s is refused', (_name, result, got) => {
    expect(refusal(applying(() => result))).toBe(`${where}expected that 'apply' returns f32 [5, 32], got ${got}`);
  });

  test('a result of another shape is refused', () => {
    const apply: AnyAttentionVariant['apply'] = (graph, _config, input) => {
      const ids = graph.declare('input', 'ids', tensorType(i32, 3));
      return graph.call(gatherRows, [input, ids], { rows: 3 })[0]!;
    };
    expect(refusal(applying(apply))).toBe(`${where}expected that 'apply' returns f32 [5, 32], got f32 [3, 32]`);
  });
});

test('a declared state is undefined without memory, and a tensor with it', () => {
  const seen: unknown[] = [];
  const config = configWith({
    apply(graph, attention, input, scope, shared) {
      seen.push(scope.state('pages')?.type.shape);
      return fullAttention.apply(graph, attention, input, scope, shared as undefined);
    },
  });
  recordForward(config, options);
  recordForward(config, { ...options, memory });
  expect(seen).toEqual([undefined, [8, 2, 2, 1, 128]]);
});

describe('listStates', () => {
  const state = { name: 'held', kind: 'fixed', entry: tensorType(f32, 2), bytesInUse: () => 8 } as const;
  test.each([
    ['an axis of 0', { ...state, entry: { shape: [2, 0], format: f32 } }, 'an entry of integer sizes > 0, got [2, 0]'],
    ['half an element', { ...state, entry: { shape: [0.5], format: f32 } }, 'an entry of integer sizes > 0, got [0.5]'],
    ['an unknown kind', { ...state, kind: 'growing' }, "a kind (fixed, ring, append), got 'growing'"],
  ])('refuses %s, by name', (_name, declared, message) => {
    const config = configWith({ state: () => [declared as typeof state] });
    expect(() => listStates(config, memory)).toThrow(ShapeError);
    expect(() => listStates(config, memory)).toThrow(`${where.slice(0, -2)}: state 'held': expected ${message}`);
  });
});
