import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { fullAttention, slidingWindowAttention, softmaxAttentionKernels } from '@yoco-u/attention-softmax';
import { attentionSuites, findFaults } from '@yoco-u/conformance';
import type { AnyAttentionVariant, AnyKernel, ReferenceCall, Value } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';

const model = { hiddenSize: 6, heads: 2, keyValueHeads: 1, headDim: 4, normEps: 1e-5, qkNorm: false };
const context = { model, rope: true, stage: { window: 9 }, where: 'config.stages[0]' };

type Reference = (call: ReferenceCall, sound: (call: ReferenceCall) => void) => void;

/** Names of failing checks, with their messages, of a variant on a backend of which some kernels are wrong. */
async function faultsOf(variant: AnyAttentionVariant, wrong: Readonly<Record<string, Reference>> = {}) {
  const kernels = variant.kernels.map((kernel: AnyKernel): AnyKernel => {
    const reference = wrong[kernel.name];
    return reference === undefined ? kernel : { ...kernel, reference: (call) => reference(call, kernel.reference) };
  });
  const backends = [{ name: 'a backend', create: () => createReferenceBackend({ kernels }) }];
  const faults = await findFaults(attentionSuites(variant, { contexts: [context], backends, exactBits: true }));
  return Object.fromEntries(faults.map(({ check, error }) => [check, (error as Error).message]));
}

describe('attention suites find', () => {
  test('nothing wrong with a sound variant', async () => {
    expect(await faultsOf(slidingWindowAttention)).toEqual({});
    expect(await faultsOf({ ...fullAttention, kernels: softmaxAttentionKernels })).toEqual({});
  });

  test('a look ahead', async () => {
    const faults = await faultsOf(fullAttention, {
      'attention.softmax': (call, sound) => {
        sound(call);
        const { inputs, outputs, inputTypes } = call;
        const width = inputTypes[0]!.shape[1]!;
        const rows = inputs[1]![1]!;
        outputs[0]![0] = outputs[0]![0]! + inputs[0]![(rows - 1) * width]!;
      },
    });
    expect(faults['does not look ahead']).toContain('without memory');
    expect(faults).toHaveProperty('gives the numbers of its float64 definition, in one piece');
    expect(faults).toHaveProperty('gives the same numbers in chunks and token by token');
  });

  test('a memory that is not written', async () => {
    const faults = await faultsOf(fullAttention, { 'attention.commit_pages': () => {} });
    expect(faults).toHaveProperty('gives the same numbers in chunks and token by token');
  });

  test('a memory that outlives its sequence', async () => {
    const faults = await faultsOf(gatedRetention, {
      'attention.gated_retention': (call, sound) => {
        const segments = call.inputs[4]!.map((word, at) => (at % 4 === 3 ? word + 1 : word));
        sound({ ...call, inputs: call.inputs.map((input, at) => (at === 4 ? segments : input)) });
      },
    });
    expect(Object.keys(faults)).toEqual(['needs no clearing of a slot']);
  });

  test('sequences that meet in a run', async () => {
    const faults = await faultsOf(slidingWindowAttention, {
      'attention.softmax_ring': (call, sound) => {
        sound(call);
        const { segmentCount } = call.params as { segmentCount: Value };
        const count = call.value(segmentCount);
        call.outputs[0]!.forEach((value, at, all) => {
          all[at] = value * (1 + (count - 1) / 1000);
        });
      },
    });
    expect(Object.keys(faults)).toEqual(['keeps sequences of one run apart, bit for bit']);
  });

  test('declarations that are wrong', async () => {
    const sound = slidingWindowAttention;
    const wrong: readonly (readonly [Partial<AnyAttentionVariant>, string, string])[] = [
      [{ kernels: [] }, 'lists every kernel that it records, gradients included', 'attention.pack_blocks'],
      [{ cost: () => ({ layer: Number.NaN, stage: 0 }) }, 'costs something, and a finite amount', 'cost(1).layer'],
      [
        { parameters: (config) => [...sound.parameters(config), { name: 'none', shape: [3, 0], use: 'vector' }] },
        'declares sound parameters',
        "parameter 'none'",
      ],
      [
        {
          state: (config, room) =>
            sound.state(config, room).map((spec) => ({ ...spec, bytesInUse: (n) => 400 - 4 * n })),
        },
        'declares states whose bytes follow the tokens',
        'at least the 396',
      ],
      [
        { state: (config, room) => sound.state(config, room).map((spec) => ({ ...spec, bytesInUse: () => 1e6 })) },
        'declares states whose bytes follow the tokens',
        'bytes reserved',
      ],
      [
        { parse: (given) => sound.parse({ ...given, stage: { window: 9 } }) },
        'names the stage key that it cannot use',
        'parse with window = {}',
      ],
      [
        {
          parse(given) {
            if (typeof given.stage.window !== 'number') throw new TypeError('window?');
            return sound.parse(given);
          },
        },
        'names the stage key that it cannot use',
        'TypeError',
      ],
    ];
    for (const [change, check, message] of wrong) {
      const variant = { ...sound, ...change } as AnyAttentionVariant;
      const backends: never[] = [];
      const faults = await findFaults(attentionSuites(variant, { contexts: [context], backends }));
      expect(faults.map((fault) => fault.check)).toEqual([check]);
      expect((faults[0]!.error as Error).message).toContain(message);
    }
  });
});
