/** Case-insensitive sets without the `i` flag, which would reach beyond the group it is written in. */

import { formatCodePoint } from './format-code-point.ts';

let casedText: string | undefined;

/**
 * A set (JavaScript `v`-mode text of one character) closed under simple case folding, so that 'k' also takes the Kelvin
 * sign and 's' the long s, as Unicode has it. Foldings to several characters (ß to ss) are left out.
 */
export function withCaseVariants(set: string): string {
  const cased = allCased();
  const members = cased.match(new RegExp(set, 'gv'));
  if (members === null) return set;
  const variants = cased.match(new RegExp(`[${members.map(formatCharacter).join('')}]`, 'giu')) ?? [];
  const present = new Set(members);
  const added = variants.filter((character) => !present.has(character));
  return added.length === 0 ? set : `[${set}${added.map(formatCharacter).join('')}]`;
}

function formatCharacter(character: string): string {
  return formatCodePoint(character.codePointAt(0) as number);
}

/** Every character that has case, about 2,900; found once. */
function allCased(): string {
  if (casedText === undefined) {
    const characters: string[] = [];
    // The last cased script so far, Adlam, ends before U+1E950.
    for (let codePoint = 0x41; codePoint < 0x1e950; codePoint++) {
      if (codePoint < 0xd800 || codePoint > 0xdfff) characters.push(String.fromCodePoint(codePoint));
    }
    casedText = (characters.join('').match(/[\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]/gu) ?? []).join(
      '',
    );
  }
  return casedText;
}
