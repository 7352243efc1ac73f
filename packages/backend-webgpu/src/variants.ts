/** The ways in which a backend's kernels are written, and which of them fit a device. */
import { BackendError, type StorageFormat, type WebGpuDevice } from '@yoco-u/spec';
import { f16Panels8, f32Panels8 } from '@yoco-u/tensor';
import type { AdapterFacts } from './adapter.ts';

/** One way, made of one part of each kind. */
export interface Variant {
  /** Its parts: `registers-f32-immediates`. */
  readonly name: string;
  readonly tiles: WebGpuDevice['tiles'];
  /** Whether texts may use subgroups. */
  readonly subgroups: boolean;
  /** What matrices are stored in. Sums are taken in float32 whatever they are. */
  readonly matrixFormat: StorageFormat;
  /** Values of a run are set in the pass, where the kernel has few enough; else they lie in a buffer of uniforms, in slots. */
  readonly immediates: boolean;
  /** Largest error of results of size 1 that its self-test lets pass. */
  readonly tolerance: number;
  /** True, or what the device lacks. */
  supports(facts: AdapterFacts): true | string;
}

type Part<T> = T & { readonly name: string; supports(facts: AdapterFacts): true | string };

/** Of products in workgroup memory: the largest workgroup, and what it shares. */
const sharedInvocations = 256;
const sharedBytes = 16_384;

function areWorkgroupsLarge({ workgroupSize, workgroupBytes }: AdapterFacts): true | string {
  if (workgroupSize >= sharedInvocations && workgroupBytes >= sharedBytes) return true;
  return `workgroups of ${workgroupSize} invocations with ${workgroupBytes} bytes`;
}

const tiles: readonly Part<Pick<Variant, 'tiles' | 'subgroups'>>[] = [
  {
    // as `workgroup`, but for products of few rows
    name: 'subgroups',
    tiles: 'workgroup',
    subgroups: true,
    supports: (facts) => (facts.extensions.includes('subgroups') ? areWorkgroupsLarge(facts) : 'no subgroups'),
  },
  { name: 'workgroup', tiles: 'workgroup', subgroups: false, supports: areWorkgroupsLarge },
  { name: 'registers', tiles: 'registers', subgroups: false, supports: () => true },
];

const storages: readonly Part<Pick<Variant, 'matrixFormat' | 'tolerance'>>[] = [
  { name: 'f32', matrixFormat: f32Panels8, tolerance: 1e-4, supports: () => true },
  {
    name: 'f16',
    matrixFormat: f16Panels8,
    // of each weight half a unit in the last of 11 bits is lost: 5e-4 at most
    tolerance: 2e-3,
    supports: ({ extensions }) => extensions.includes('f16') || 'no f16',
  },
];

const values: readonly Part<Pick<Variant, 'immediates'>>[] = [
  {
    name: 'immediates',
    immediates: true,
    supports: ({ immediateBytes }) => immediateBytes > 0 || 'no immediate values',
  },
  { name: 'uniforms', immediates: false, supports: () => true },
];

/** All of them, what a GPU should try first in front. Matrices lose digits in float16 only where that is asked for. */
export const variants: readonly Variant[] = storages.flatMap((storage) =>
  tiles.flatMap((form) =>
    values.map((value): Variant => {
      const parts = [form, storage, value];
      return {
        ...storage,
        ...form,
        ...value,
        name: parts.map(({ name }) => name).join('-'),
        supports: (facts) => parts.map((part) => part.supports(facts)).find((answer) => answer !== true) ?? true,
      };
    }),
  ),
);

/**
 * Variants that fit the device, the best first: adapters that run on a CPU want `registers` before all others. `wanted` names
 * parts that it must have: `workgroup`, `registers-uniforms`. Throws `BackendError` for names that are not known, or where none fits.
 */
export function variantsFor(facts: AdapterFacts, wanted = ''): readonly Variant[] {
  const where = 'createWebGpuBackend: variant';
  const parts = wanted.split('-').filter((part) => part !== '');
  const named = variants.filter(({ name }) => parts.every((part) => name.split('-').includes(part)));
  if (named.length === 0) {
    const known = [tiles, storages, values].map((kind) => kind.map(({ name }) => name).join(' or ')).join(', ');
    throw new BackendError({ where, expected: `parts of one (${known}), joined by '-'`, got: `'${wanted}'` });
  }
  const isAsked = ({ matrixFormat }: Variant): boolean => matrixFormat === f32Panels8 || parts.includes('f16');
  const asked = named.filter(isAsked);
  const fitting = asked.filter((variant) => variant.supports(facts) === true);
  if (fitting.length === 0) {
    // the last wants least
    const got = `'${wanted}' on ${facts.name}: ${asked.at(-1)!.supports(facts)}`;
    throw new BackendError({ where, expected: 'one that the device can run', got, fix: 'leave it out' });
  }
  // sorting is stable: within a kind of tiles the order of the list stays
  const rank = ({ tiles: form }: Variant): number => (facts.isFallback && form !== 'registers' ? 1 : 0);
  return [...fitting].sort((a, b) => rank(a) - rank(b));
}
