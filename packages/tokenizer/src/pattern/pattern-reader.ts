/** A cursor over the code points of a pattern. */

import { PatternSyntaxError } from './pattern-node.ts';

export interface PatternReader {
  /** The next character, or '' at the end. */
  peek(): string;
  /** Whether the rest starts with `text`. */
  at(text: string): boolean;
  /** Takes the next character; an error at the end. */
  take(): string;
  /** Takes `text` if the rest starts with it. */
  takeIf(text: string): boolean;
  /** Takes what a sticky expression matches here. */
  takeMatch(expression: RegExp): RegExpExecArray | null;
  /** Throws about the construct that starts `back` UTF-16 units before the cursor. */
  reject(expected: string, back?: number): never;
}

export function createPatternReader(source: string): PatternReader {
  let index = 0;
  const peek = () => (index < source.length ? String.fromCodePoint(source.codePointAt(index) as number) : '');
  function reject(expected: string, back = 0): never {
    const start = Math.max(0, index - back);
    const shown = source.slice(start, start + 12);
    throw new PatternSyntaxError(expected, shown === '' ? 'the end' : `${JSON.stringify(shown)} at ${start}`);
  }

  return {
    peek,
    at: (text) => source.startsWith(text, index),
    take() {
      const character = peek();
      if (character === '') reject('a complete pattern');
      index += character.length;
      return character;
    },
    takeIf(text) {
      if (!source.startsWith(text, index)) return false;
      index += text.length;
      return true;
    },
    takeMatch(expression) {
      expression.lastIndex = index;
      const match = expression.exec(source);
      if (match !== null) index += match[0].length;
      return match;
    },
    reject,
  };
}
