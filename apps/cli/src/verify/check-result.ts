/** What came of one item of a verification. */
export type CheckResult = CheckedItem | SkippedItem;

interface CheckedItem {
  readonly item: string;
  /** Infinity where the results cannot be compared. */
  readonly error: number;
  readonly pass: boolean;
}

/** Could not be tried. Neither passes nor fails. */
interface SkippedItem {
  readonly item: string;
  readonly skipped: string;
}

/** Told of each result as it comes. What it throws ends the verification. */
export type ResultListener = (result: CheckResult) => Promise<void> | void;

/** A list of results that tells the listener of each. */
export function createResults(listener: ResultListener = () => {}) {
  const all: CheckResult[] = [];
  return {
    all: all as readonly CheckResult[],
    async add(result: CheckResult): Promise<void> {
      all.push(result);
      await listener(result);
    },
  };
}

export function isFailure(result: CheckResult): boolean {
  return 'pass' in result && !result.pass;
}
