import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Short files that take five seconds and more. Where vitest remembers no earlier run it goes by the sizes of files: these would come
 * last, and one of them would keep the machine waiting.
 */
export const long: readonly string[] = [
  'apps/cli/src/bench-train.test.ts',
  'packages/assembly/src/committed.test.ts',
  'packages/conformance-tests/src/attention.test.ts',
  'packages/conformance-tests/src/backends.test.ts',
  'packages/conformance-tests/src/language-model.test.ts',
];

/** vitest's own order, with these at the front of it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => long.some((path) => moduleId.endsWith(`/${path}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
