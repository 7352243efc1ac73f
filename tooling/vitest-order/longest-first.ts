import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes a third of a minute or more. Where vitest remembers no earlier run it goes by the sizes of files, and these are short: begun
 * last, one of them would keep the machine waiting.
 */
const long = [
  'apps/cli/src/bench-train.test.ts',
  'apps/cli/src/command-line.test.ts',
  'apps/cli/src/train-command.test.ts',
  'apps/cli/src/verify/golden-f16.gpu.test.ts',
  'apps/web/src/page.test.ts',
  'apps/web/src/train/train.page.test.ts',
  'packages/assembly/src/committed.test.ts',
  'packages/conformance-tests/src/backends.gpu.test.ts',
  'packages/conformance-tests/src/backends.test.ts',
  'packages/conformance-tests/src/language-model-f16.gpu.test.ts',
  'packages/conformance-tests/src/language-model.test.ts',
];

/** vitest's own order, with the long files at the front of it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => long.some((path) => moduleId.endsWith(`/${path}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
