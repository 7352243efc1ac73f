/** The syntax tree of a pattern between Oniguruma's notation and JavaScript's. */

export type PatternNode =
  /** One character out of a set; `source` is JavaScript `v`-mode text. */
  | { readonly kind: 'set'; readonly source: string }
  /** A zero-width assertion; `source` is JavaScript text. */
  | { readonly kind: 'assertion'; readonly source: string }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'alternation'; readonly branches: readonly PatternNode[] }
  /** Once matched, never tried another way: `(?>…)` and possessive quantifiers. */
  | { readonly kind: 'atomic'; readonly body: PatternNode }
  | { readonly kind: 'look'; readonly opening: '(?=' | '(?!' | '(?<=' | '(?<!'; readonly body: PatternNode }
  /** `copies`: how often the body stands in the pattern with counts written out. */
  | { readonly kind: 'repeat'; readonly body: PatternNode; readonly quantifier: string; readonly copies: number };

/** A pattern that cannot be translated; the caller adds the key it came from. */
export class PatternSyntaxError extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}
