/** What a suite is: named checks around one subject, to be run by vitest or by hand. */

/** One property. `run` throws what is wrong. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

export interface Suite {
  readonly name: string;
  readonly checks: readonly Check[];
  /** Disposes what the checks shared. */
  tearDown(): Promise<void>;
}

/** A check as suites write it: its name, and what it does with the subject. */
export type CheckOf<Subject> = readonly [name: string, run: (subject: Subject) => Promise<void> | void];

/** A suite whose checks share a subject, made by the first of them that runs. */
export function createSuite<Subject extends object>(
  name: string,
  create: () => Subject | Promise<Subject>,
  checks: readonly CheckOf<Subject>[],
): Suite {
  let subject: Promise<Subject> | undefined;
  return {
    name,
    checks: checks.map(([check, run]) => ({
      name: check,
      async run() {
        subject ??= (async () => create())();
        await run(await subject);
      },
    })),
    async tearDown() {
      const made = subject;
      subject = undefined;
      // a subject that could not be made failed its checks already
      const settled = await made?.catch(() => undefined);
      if (settled !== undefined && Symbol.asyncDispose in settled) {
        await (settled as object as AsyncDisposable)[Symbol.asyncDispose]();
      }
    },
  };
}

/** A check that failed. */
export interface Fault {
  readonly suite: string;
  readonly check: string;
  readonly error: unknown;
}

/** Runs all checks one after the other, without a test runner, and returns those that failed. */
export async function findFaults(suites: readonly Suite[]): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (const suite of suites) {
    for (const check of suite.checks) {
      try {
        await check.run();
      } catch (error) {
        faults.push({ suite: suite.name, check: check.name, error });
      }
    }
    await suite.tearDown();
  }
  return faults;
}
