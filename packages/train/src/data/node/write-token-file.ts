/** Writing ids of documents as a file, in buffers of fixed size. */

import type { Tokenizer } from '@yoco-u/spec';
import type { DocumentPiece } from '../document-pieces.ts';
import { tokenizeDocuments } from '../tokenize-documents.ts';
import { type CacheManifest, layoutOf } from './cache-manifest.ts';
import type { StagedFile } from './staged-file.ts';

export interface TokenFileSource {
  readonly documents: AsyncIterable<DocumentPiece>;
  readonly tokenizer: Tokenizer;
  readonly name: string;
  readonly onTokens: (tokens: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** What the manifest says of the file, but its name. */
export type WrittenTokens = Pick<
  CacheManifest,
  'tokens' | 'bytes' | 'documents' | 'fingerprint' | 'idBytes' | 'documentTableOffset' | 'fileBytes' | 'fileSha256'
>;

const bufferedIds = 2 ** 18;

/** Ids, padding to 8 bytes, and the table of documents. */
export async function writeTokenFile(file: StagedFile, source: TokenFileSource): Promise<WrittenTokens> {
  const { documents, tokenizer, name, onTokens, signal } = source;
  const { vocabularySize } = tokenizer;
  const buffer = new (layoutOf(0, 0, vocabularySize).idBytes === 2 ? Uint16Array : Uint32Array)(bufferedIds);
  let filled = 0;
  const flush = async () => {
    await file.write(bytesOf(buffer.subarray(0, filled)));
    filled = 0;
  };
  const result = await tokenizeDocuments(documents, tokenizer, {
    name,
    onTokens,
    ...(signal === undefined ? {} : { signal }),
    async write(ids) {
      for (const id of ids) {
        buffer[filled++] = id;
        if (filled === buffer.length) await flush();
      }
    },
  });
  await flush();
  const { tokens, bytes, documents: table, fingerprint } = result;
  const layout = layoutOf(tokens, table.count, vocabularySize);
  await file.write(new Uint8Array(layout.documentTableOffset - tokens * layout.idBytes));
  for (const column of [table.tokenEnds, table.bytes, table.hashes]) await file.write(bytesOf(column));
  const fileSha256 = await file.finish();
  return { tokens, bytes, documents: table.count, fingerprint, fileSha256, ...layout };
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
