/** Zip files, good and hostile, and a server of models elsewhere. For tests only. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';

export const bundled = join(import.meta.dirname, '../../../cli/model');
const names = ['config.json', 'tokenizer.json', 'model.safetensors'];

/** The files of the bundled model, in a folder of this name. */
export async function bundledFiles(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(`${folder}${name}`, new Uint8Array(await readFile(join(bundled, name))));
  return files;
}

export async function zipOf(files: ReadonlyMap<string, Uint8Array>, level = 0): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { level, useWebWorkers: false });
  for (const [name, bytes] of files) await zip.add(name, new Uint8ArrayReader(bytes));
  return new Uint8Array(await zip.close());
}

/** A copy in which each occurrence of a text of ASCII is another one of the same length. */
export function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(bytes).toString('latin1').replaceAll(from, to);
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** A safetensors file whose header says that it is this long. */
export function headerOf(length: bigint, text = '{}'): Uint8Array {
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  bytes.set(new TextEncoder().encode(text), 8);
  return bytes;
}

export interface Elsewhere extends AsyncDisposable {
  readonly address: string;
  /** Ranges of the weights that were asked for. */
  readonly ranges: string[];
  /** The version that its files are said to be of. */
  version: string;
  /** What the hash of each file is said to be, where it is told. */
  digest: string | undefined;
  /** Whether later parts of the weights are held back. */
  holds: boolean;
}

/** A server at another origin that serves the bundled model by ranges, and lets any page read it. */
export async function serveElsewhere(): Promise<Elsewhere> {
  const files = await bundledFiles('/model/');
  const ranges: string[] = [];
  const open = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'range',
    'access-control-expose-headers': 'content-range, etag, repr-digest',
    'cross-origin-resource-policy': 'cross-origin',
  };
  const server = createServer((request, response) => {
    const bytes = files.get(request.url!);
    if (request.method === 'OPTIONS') return response.writeHead(204, open).end();
    if (bytes === undefined) return response.writeHead(404, open).end();
    const { range = '' } = request.headers;
    const [first = 0, last = 0] = range.replace('bytes=', '').split('-').map(Number);
    if (request.url!.endsWith('.safetensors')) ranges.push(range);
    if (elsewhere.holds && first >= 2 ** 21) return response;
    const end = Math.min(last + 1, bytes.length);
    const facts = { 'content-range': `bytes ${first}-${end - 1}/${bytes.length}`, etag: elsewhere.version };
    if (elsewhere.digest !== undefined) response.setHeader('repr-digest', elsewhere.digest);
    return response.writeHead(206, { ...open, ...facts }).end(bytes.subarray(first, end));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const elsewhere: Elsewhere = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model/`,
    ranges,
    version: '"1"',
    digest: undefined,
    holds: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return elsewhere;
}
