/**
 * The printable alphabet of byte-level BPE: every byte is written as one character, printable Latin-1 as itself and
 * the rest from U+0100 on (GPT-2, Radford et al. 2019).
 */

const characterOfByte: readonly string[] = buildAlphabet();
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
);

/** The character that stands for a byte (0..255). */
export function byteCharacter(byte: number): string {
  return characterOfByte[byte];
}

/** UTF-8 bytes written in the byte alphabet, one character a byte. */
export function toByteCharacters(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += characterOfByte[byte];
  return text;
}

/** The bytes a token of the byte alphabet stands for; undefined if it holds any other character. */
export function fromByteCharacters(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let index = 0; index < token.length; index++) {
    const byte = byteOfCharacter.get(token[index]);
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}

function buildAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}
