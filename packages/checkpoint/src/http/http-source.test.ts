import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { CheckpointError } from '@yoco-u/spec';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LoadProgress } from '../byte-source.ts';
import { openSafetensors } from '../safetensors-read.ts';
import { encodeSafetensors, tensorOf } from '../safetensors-write.ts';
import { floats } from '../testing.ts';
import { openHttpSource } from './http-source.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;

const bytes = Uint8Array.from(floats(300_001), (value) => Math.round(value * 50));
let big = new Uint8Array(0);
let base = '';
let requests: string[] = [];

const sendRange: Handler = (request, response, body) => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first);
  const end = Math.min(Number(last), body.length - 1);
  if (start >= body.length) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    return;
  }
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${body.length}`,
    'content-length': end - start + 1,
  });
  response.end(body.subarray(start, end + 1));
};

let brokenLeft = 0;

/** How the server answers, by the first part of the path; the second says with what. */
const handlers: Readonly<Record<string, Handler>> = {
  ranges: sendRange,
  whole: (_, response, body) => response.writeHead(200, { 'content-length': body.length }).end(body),
  unknown: (_, response, body) => response.writeHead(200).end(body),
  gzip: (_, response, body) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body)),
  hidden: (request, response, body) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': body.length }).end();
    else sendRange(request, Object.assign(response, { writeHead: hideRange(response) }), body);
  },
  nameless: (request, response, body) => {
    if (request.method === 'HEAD') response.writeHead(204).end();
    else sendRange(request, Object.assign(response, { writeHead: hideRange(response) }), body);
  },
  tagged: (request, response, body) => sendRange(request, response.setHeader('etag', '"7"'), body),
  dated: (_, response, body) => response.writeHead(200, { 'last-modified': 'Thu, 01 Jan 1970 00:00:07 GMT' }).end(body),
  weak: (request, response, body) =>
    sendRange(
      request,
      response.setHeader('etag', 'W/"7"').setHeader('last-modified', 'Thu, 01 Jan 1970 00:00:07 GMT'),
      body,
    ),
  hashed: (request, response, body) => {
    const digest = createHash('sha256').update(body).digest('base64');
    sendRange(request, response.setHeader('repr-digest', `sha-512=:AAAA:, sha-256=:${digest}:`), body);
  },
  /** The same size, another version with every request. */
  renewed: (request, response, body) => sendRange(request, response.setHeader('etag', `"${requests.length}"`), body),
  shifted: (_, response, body) => {
    response.writeHead(206, { 'content-range': `bytes 5-9/${body.length}` }).end(body.subarray(5, 10));
  },
  changing: (request, response, body) =>
    sendRange(request, response, requests.length > 1 ? body.subarray(0, -1) : body),
  withdrawn: (request, response, body) => {
    if (requests.length > 1) handlers.whole(request, response, body);
    else sendRange(request, response, body);
  },
  generous: (request, response, body) => {
    if (requests.length === 1) return sendRange(request, response, body);
    response.writeHead(206).end(body);
  },
  /** Breaks off in the middle of the body. */
  broken: (request, response, body) => {
    if (requests.length === 1 || brokenLeft-- <= 0) return sendRange(request, response, body);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const length = Number(last) - Number(first) + 1;
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${body.length}`, 'content-length': length });
    response.write(body.subarray(Number(first), Number(first) + Math.floor(length / 2)), () => response.destroy());
  },
  cut: (_, response, body) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  },
  page: (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>'),
  missing: (_, response) => response.writeHead(404).end('no'),
  forbidden: (_, response) => response.writeHead(403).end('no'),
  empty: (request, response) => sendRange(request, response, new Uint8Array(0)),
};

function hideRange(response: ServerResponse): (status: number, headers?: Record<string, unknown>) => ServerResponse {
  const writeHead = response.writeHead.bind(response);
  return (status) => writeHead(status);
}

const server = createServer((request, response) => {
  const [, kind, size] = (request.url ?? '').split('?')[0].split('/');
  requests.push(`${request.method} ${request.headers.range ?? ''}`.trim());
  handlers[kind](request, response, size === 'big' ? big : bytes);
});

beforeAll(async () => {
  big = await encodeSafetensors([
    tensorOf('a', [1000, 700], floats(700_000)),
    tensorOf('b', [700_001], floats(700_001, 2)),
    tensorOf('c', [3], floats(3, 3)),
  ]);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  requests = [];
  brokenLeft = 0;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function open(path: string, options: Parameters<typeof openHttpSource>[1] = {}) {
  const source = await openHttpSource(new URL(path, base), options);
  if (source === undefined) throw new Error(`${path} was not found`);
  return source;
}

describe.each(['ranges', 'whole', 'unknown', 'gzip', 'hidden'])('a server of kind %s', (kind) => {
  test('gives the size and every range', async () => {
    const source = await open(`/${kind}/x`);
    expect(source.size).toBe(bytes.length);
    for (const [offset, length] of [
      [0, 8],
      [65_530, 13],
      [100_000, 200_001],
      [3, 70_000],
      [300_001, 0],
      [0, 300_001],
    ]) {
      expect(await source.read(offset, length)).toEqual(bytes.subarray(offset, offset + length));
    }
    const into = new Uint8Array(20);
    expect((await source.read(70_000, 10, into)).buffer).toBe(into.buffer);
    expect(into.subarray(0, 10)).toEqual(bytes.subarray(70_000, 70_010));
    await expect(source.read(300_000, 2)).rejects.toThrow(CheckpointError);
    await source.close?.();
  });

  test('gives a safetensors file, tensors in any order', async () => {
    const source = await open(`/${kind}/big`);
    const { tensors } = await openSafetensors(source);
    const read = await Promise.all(['c', 'a', 'b'].map((name) => tensors.get(name)?.read()));
    expect(read).toEqual([floats(3, 3), floats(700_000), floats(700_001, 2)]);
    await source.close?.();
  });
});

describe('requests', () => {
  test('the version is what the server tells', async () => {
    expect((await open('/ranges/x')).version).toBeUndefined();
    expect((await open('/tagged/x')).version).toBe('"7"');
    expect((await open('/dated/x')).version).toBe('Thu, 01 Jan 1970 00:00:07 GMT');
    expect((await open('/weak/x')).version).toBe('W/"7" Thu, 01 Jan 1970 00:00:07 GMT');
  });

  test('the hash is what the server tells', async () => {
    expect((await open('/tagged/x')).sha256).toBeUndefined();
    expect((await open('/hashed/x')).sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('a small file costs one request', async () => {
    const source = await open('/ranges/x');
    await source.read(0, 60_000);
    expect(requests).toEqual(['GET bytes=0-65535']);
  });

  test('only what is asked for is requested', async () => {
    const source = await open('/ranges/x');
    await source.read(65_000, 1000);
    await source.read(200_000, 10);
    expect(requests.slice(1)).toEqual(['GET bytes=65536-65999', 'GET bytes=200000-200009']);
  });

  test('a file that is gone through costs few requests, and every byte comes once', async () => {
    const source = await open('/ranges/big');
    const step = 20_011;
    for (let offset = 0; offset < source.size; offset += step) {
      const length = Math.min(step, source.size - offset);
      expect(await source.read(offset, length)).toEqual(big.subarray(offset, offset + length));
    }
    expect(requests.length).toBeLessThan(12);
    const ranges = requests.map((request) => /(\d+)-(\d+)$/.exec(request)!.slice(1).map(Number));
    expect(ranges.slice(1).map(([first]) => first)).toEqual(ranges.slice(0, -1).map(([, last]) => last! + 1));
    expect(ranges.at(-1)![1]).toBe(source.size - 1);
  });

  test('reads side by side ask for what they need', async () => {
    const source = await open('/ranges/big');
    const parts = Array.from({ length: 20 }, (_, index) => [70_000 + 30_000 * index, 30_000] as const);
    const read = await Promise.all(parts.map(([offset, length]) => source.read(offset, length)));
    read.forEach((part, index) => {
      expect(part).toEqual(big.subarray(parts[index]![0], parts[index]![0] + 30_000));
    });
    expect(requests.slice(1).sort()).toEqual(parts.map(([at]) => `GET bytes=${at}-${at + 29_999}`).sort());
  });

  test('a connection that breaks while more is read than asked for is taken up where it broke', async () => {
    const source = await open('/broken/x');
    await source.read(100_000, 50_000);
    brokenLeft = 2;
    expect(await source.read(150_000, 10)).toEqual(bytes.subarray(150_000, 150_010));
    expect(await source.read(150_010, 40_000)).toEqual(bytes.subarray(150_010, 190_010));
    expect(requests.length).toBe(5);
  });

  test('without ranges, reading in file order costs one request, and going back one more', async () => {
    const source = await open('/whole/big');
    const { tensors } = await openSafetensors(source);
    for (const entry of tensors.values()) await entry.read();
    expect(requests.length).toBe(1);
    expect(await tensors.get('b')?.read()).toEqual(floats(700_001, 2));
    expect(requests.length).toBe(2);
    await source.close?.();
  });

  test('a connection that breaks is taken up where it broke', async () => {
    const source = await open('/broken/x');
    brokenLeft = 2;
    expect(await source.read(100_000, 80_000)).toEqual(bytes.subarray(100_000, 180_000));
    expect(requests.length).toBeGreaterThan(2);
  });

  test('headers and query are sent, and stay out of messages', async () => {
    const seen: string[] = [];
    const watchedFetch: typeof fetch = (input, init) => {
      seen.push(`${String(input)} ${new Headers(init?.headers).get('authorization')}`);
      return fetch(input, init);
    };
    const options = { headers: { authorization: 'Bearer k' }, fetch: watchedFetch };
    const source = await open('/ranges/x?key=secret', options);
    expect(seen).toEqual([`${base}/ranges/x?key=secret Bearer k`]);
    expect(source.name).toBe(`${base}/ranges/x`);
  });

  test.each(['ranges', 'whole'])('progress of a server of kind %s grows to the size of the file', async (kind) => {
    const progress: LoadProgress[] = [];
    const source = await open(`/${kind}/big`, { onProgress: (step) => progress.push(step) });
    for (const entry of (await openSafetensors(source)).tensors.values()) await entry.read();
    const loaded = progress.map(({ loadedBytes }) => loadedBytes);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).toBeGreaterThanOrEqual(big.length - 65_536);
    expect(loaded.at(-1)).toBeLessThanOrEqual(big.length + 65_536);
    expect(progress.at(-1)).toMatchObject({ file: `${base}/${kind}/big`, totalBytes: big.length });
    await source.close?.();
  });
});

describe('what goes wrong', () => {
  test.each(['missing', 'page'])('%s counts as no file', async (kind) => {
    expect(await openHttpSource(new URL(`/${kind}/x`, base))).toBeUndefined();
  });

  test('an empty file has size 0', async () => {
    expect((await open('/empty/x')).size).toBe(0);
  });

  test.each([
    ['forbidden', 'status 403'],
    ['nameless', 'let the server expose'],
    ['shifted', 'bytes from 5'],
  ])('%s is a CheckpointError', async (kind, message) => {
    const opening = open(`/${kind}/x`);
    await expect(opening).rejects.toThrow(CheckpointError);
    await expect(opening).rejects.toThrow(`${base}/${kind}/x: `);
    await expect(opening).rejects.toThrow(message);
  });

  test.each([
    ['changing', 'of 300000'],
    ['withdrawn', 'status 200'],
    ['generous', 'got more'],
    ['renewed', 'expected the version "1", got "2"'],
  ])('a server that is %s is a CheckpointError when read', async (kind, message) => {
    const source = await open(`/${kind}/x`);
    const reading = source.read(100_000, 100_000);
    await expect(reading).rejects.toThrow(CheckpointError);
    await expect(reading).rejects.toThrow(message);
  });

  test('a body of unknown length is not taken without end', async () => {
    let isCancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(2 ** 30 + 1)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const fetchEndless: typeof fetch = async () => new Response(body, { headers: { 'content-type': 'text/plain' } });
    const opening = open('/endless', { fetch: fetchEndless });
    await expect(opening).rejects.toThrow('expected at most 1073741824 bytes of unknown length, got more');
    expect(isCancelled).toBe(true);
  });

  test('a stream that breaks is a CheckpointError', async () => {
    const source = await open('/cut/big');
    await expect(source.read(big.length - 10, 10)).rejects.toThrow(CheckpointError);
    await expect(source.read(big.length - 10, 10)).rejects.toThrow(CheckpointError);
    expect(await source.read(0, 8)).toEqual(big.subarray(0, 8));
    await source.close?.();
  });

  test('no server is a CheckpointError that names the address', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => {
      free.listen(0, '127.0.0.1', resolve);
    });
    const url = new URL(`http://127.0.0.1:${(free.address() as AddressInfo).port}/x`);
    await new Promise((resolve) => {
      free.close(resolve);
    });
    const opening = openHttpSource(url);
    await expect(opening).rejects.toThrow(CheckpointError);
    await expect(opening).rejects.toThrow(url.href);
  });

  test('an abort rejects with its reason', async () => {
    const control = new AbortController();
    const source = await open('/ranges/x', { signal: control.signal });
    control.abort(new Error('changed my mind'));
    await expect(source.read(100_000, 10)).rejects.toThrow('changed my mind');
  });
});
