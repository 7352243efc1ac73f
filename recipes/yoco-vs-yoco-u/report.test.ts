import { expect, test } from 'vitest';
import { type ComparisonResults, compareAt, renderCurves, renderTables } from './report.ts';

/**
 * Straight lines in log(tokens): T = 1 has loss 4 − ln(steps/100) + seed/10, T = 3 is `lead` lower. A step of T = 3 costs twice as much:
 * at equal FLOPs it is ln 2 − lead higher, and needs e^−lead of the tokens.
 */
function linesWith(lead: number): ComparisonResults {
  const branches = [100, 200, 400].flatMap((steps) =>
    [0, 1].flatMap((seed) =>
      [1, 3].map((iterations) => {
        const loss = 4 - Math.log(steps / 100) + seed / 10 - (iterations === 3 ? lead : 0);
        return { iterations, seed, steps, loss, bitsPerByte: loss / 2 };
      }),
    ),
  );
  const system = (iterations: number, flopsPerToken: number) => ({ iterations, parameters: 1000, flopsPerToken });
  return { systems: [system(1, 50), system(3, 100)], stepTokens: 10, branches };
}

test('loss at equal FLOPs, tokens and FLOPs to equal loss', () => {
  const lead = 0.9;
  const { lossAtEqualFlops, tokensToEqualLoss, flopsToEqualLoss } = compareAt(linesWith(lead), 400);
  for (const seed of [0, 1]) {
    expect(lossAtEqualFlops[seed]).toBeCloseTo(Math.LN2 - lead, 12);
    expect(tokensToEqualLoss[seed]).toBeCloseTo(Math.exp(-lead) - 1, 12);
    expect(flopsToEqualLoss[seed]).toBeCloseTo(2 * Math.exp(-lead) - 1, 12);
  }
});

test('outside the budgets there is no answer', () => {
  // at the FLOPs of the least budget T = 3 would have half of it
  expect(compareAt(linesWith(0.9), 100)).toMatchObject({
    lossAtEqualFlops: [undefined, undefined],
    tokensToEqualLoss: [undefined, undefined],
    flopsToEqualLoss: [undefined, undefined],
  });
  // a system that is worse never reaches the last loss of the other
  const worse = compareAt(linesWith(-0.1), 400);
  expect(worse.tokensToEqualLoss).toEqual([undefined, undefined]);
  expect(worse.lossAtEqualFlops[0]).toBeCloseTo(Math.LN2 + 0.1, 12);
});

test('the tables give means and ranges beside the paper', () => {
  const tables = renderTables(linesWith(0.9));
  expect(tables).toContain('| 4.00 k | 1 | 200 k | 2.6637 (2.6137 to 2.7137) |');
  expect(tables).toMatch(
    /loss at equal training FLOPs \| outside the range \| -0\.2069 \(.*\) \| -0\.2069 \(.*\) \| -0\.033 \|/,
  );
  expect(tables).toContain('| outside the range | outside the range | -59 % (-59 % to -59 %) | -62 % |');
  expect(tables).toContain('-19 % (-19 % to -19 %) | about -24 % |');
});

test('a seed without an answer is told', () => {
  const results = linesWith(0.9);
  const branches = results.branches.filter(({ seed, iterations }) => seed === 0 || iterations === 1);
  expect(renderTables({ ...results, branches })).toContain('-59 % (1 of 2 seeds, otherwise outside the range)');
});

test('the curves have a line for each system and seed', () => {
  for (const curve of Object.values(renderCurves(linesWith(0.9)))) {
    expect(curve.match(/<polyline/g)).toHaveLength(4);
    expect(curve.match(/<circle/g)).toHaveLength(12);
    expect(curve).not.toMatch(/undefined|NaN/);
  }
});
