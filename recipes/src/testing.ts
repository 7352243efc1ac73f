/** Text for tests: short tales from a seed. */

const heroes = ['fox', 'hare', 'wolf', 'crow', 'mouse', 'owl', 'goose', 'bear'];
const places = ['river', 'hill', 'old mill', 'forest', 'well', 'castle'];
const deeds = ['found a ring', 'lost its way', 'met a stranger', 'sang all night', 'dug a hole', 'told a lie'];

/** Documents between separator lines; the same for the same seed. */
export function makeTales(documents: number, seed = 1): string {
  let state = seed;
  const pick = (words: readonly string[]): string => {
    state = (state * 48_271) % 2_147_483_647;
    return words[state % words.length]!;
  };
  const sentence = (): string => `The ${pick(heroes)} went to the ${pick(places)} and ${pick(deeds)}.`;
  const tales = Array.from({ length: documents }, () => Array.from({ length: 6 }, sentence).join(' '));
  return tales.join('\n<|endoftext|>\n');
}
