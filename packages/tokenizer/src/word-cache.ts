/** A bounded cache from words to values: two generations, so that a rare word cannot push a frequent one out. */

export interface WordCache<V> {
  get(word: string): V | undefined;
  set(word: string, value: V): void;
}

/** Holds at most `2 * capacity` words; longer words than `longest` UTF-16 units are not kept. */
export function createWordCache<V>(capacity: number, longest: number): WordCache<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  function insert(word: string, value: V): void {
    if (young.size >= capacity) {
      old = young;
      young = new Map();
    }
    young.set(word, value);
  }

  return {
    get(word) {
      const value = young.get(word);
      if (value !== undefined || old.size === 0) return value;
      const kept = old.get(word);
      if (kept !== undefined) insert(word, kept);
      return kept;
    },
    set(word, value) {
      if (word.length <= longest) insert(detach(word), value);
    },
  };
}

/** A copy that shares no memory with the text the word was cut from, which a substring would keep alive. */
export function detach(word: string): string {
  let copy = '';
  // In blocks, as a call takes a limited number of arguments.
  for (let start = 0; start < word.length; start += 1024) {
    const units: number[] = [];
    for (let index = start; index < Math.min(start + 1024, word.length); index++) units.push(word.charCodeAt(index));
    copy += String.fromCharCode(...units);
  }
  return copy;
}
