/** API keys, kept as hashes only. */

/** A key that may use the server. */
export interface ApiKey {
  /** Stands for the key in logs and limits. */
  readonly name: string;
  /** SHA-256 of the key in hexadecimal. Keys are random and long, so that a slow hash would add nothing. */
  readonly sha256: string;
}

/** The hash to keep of a key. */
export async function hashApiKey(key: string): Promise<string> {
  return hex(await digest(key));
}

/** A new key: 256 random bits. */
export function createApiKey(): string {
  return `sk-${hex(crypto.getRandomValues(new Uint8Array(32)))}`;
}

/**
 * Finds the key that an Authorization header brings; undefined if there is none. Hashes are compared in full and with all keys, so that the
 * time tells nothing.
 */
export function createKeyFinder(
  keys: readonly ApiKey[],
): (authorization: string | undefined) => Promise<ApiKey | undefined> {
  const known = keys.map((key) => ({ key, hash: bytes(key.sha256) }));
  return async (authorization) => {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
    const hash = await digest(given);
    let found: ApiKey | undefined;
    for (const entry of known) {
      let difference = entry.hash.length ^ hash.length;
      for (let i = 0; i < hash.length; i++) difference |= (entry.hash[i] ?? 0) ^ hash[i]!;
      if (difference === 0) found = entry.key;
    }
    return found;
  };
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function hex(values: Uint8Array): string {
  return Array.from(values, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
