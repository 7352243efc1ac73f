import { describe, expect, test } from 'vitest';
import { createStopMatcher } from './stop-strings.ts';

/** Feeds pieces until a stop; what is held back at the end is shown if none came. */
function shown(stops: readonly string[], pieces: readonly string[]): { text: string; stopped: boolean } {
  const matcher = createStopMatcher(stops);
  let text = '';
  for (const piece of pieces) {
    const step = matcher.push(piece);
    text += step.text;
    if (step.stopped) return { text, stopped: true };
  }
  return { text: text + matcher.flush(), stopped: false };
}

describe('createStopMatcher', () => {
  test('ends before a stop string that crosses pieces, wherever it is cut', () => {
    const whole = 'The fox said: END of it';
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
        expect(shown(['END'], pieces)).toEqual({ text: 'The fox said: ', stopped: true });
      }
    }
  });

  test('the stop string that comes first wins', () => {
    expect(shown(['b c', 'c'], ['a b ', 'c d'])).toEqual({ text: 'a ', stopped: true });
  });

  test('what only began like a stop string is shown after all', () => {
    expect(shown(['\n\nEND'], ['one\n', '\ntwo', '\n\nEN'])).toEqual({ text: 'one\n\ntwo\n\nEN', stopped: false });
  });

  test('holds nothing back that cannot become a stop string', () => {
    const matcher = createStopMatcher(['aab']);
    expect(matcher.push('xaa').text).toBe('x');
    expect(matcher.push('a').text).toBe('a');
    expect(matcher.push('c').text).toBe('aac');
  });

  test('without stop strings everything passes at once', () => {
    expect(createStopMatcher([]).push('text')).toEqual({ text: 'text', stopped: false });
  });
});
