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

export function isFailure(result: CheckResult): boolean {
  return 'pass' in result && !result.pass;
}
