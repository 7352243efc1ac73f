/** A load as servers meet it: short requests, some of which are broken, broken off or read slowly. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { createRandom } from './random.ts';

export interface LoadOptions {
  readonly url: string;
  readonly model: string;
  readonly requests: number;
  readonly connections: number;
  readonly seed: number;
  readonly onDone?: (done: number) => void;
}

export interface LoadResult {
  /** Answers by status; streams count when they ended with [DONE]. */
  readonly answered: Readonly<Record<number, number>>;
  /** Requests that the client broke off. */
  readonly aborted: number;
  /** Requests that ended otherwise: there should be none. */
  readonly failed: readonly string[];
}

type Kind = 'plain' | 'stream' | 'slow' | 'abort' | 'broken';

const kinds: readonly Kind[] = [
  'plain',
  'plain',
  'plain',
  'stream',
  'stream',
  'stream',
  'slow',
  'abort',
  'abort',
  'broken',
];
const brokenBodies = ['', '{', '[]', '{"prompt":7}', '{"prompt":"x","n":1e9}', '{"prompt":"x","tools":[]}', '\u0000'];
/** Requests that end before a slow reader goes on reading. */
const slowness = 20;

/** Runs the load; every request is answered, aborted or failed. */
export async function runLoad({ url, model, requests, connections, seed, onDone }: LoadOptions): Promise<LoadResult> {
  const random = createRandom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const answered: Record<number, number> = {};
  const failed: string[] = [];
  let aborted = 0;
  let begun = 0;
  let done = 0;
  let waiting: { readonly at: number; readonly go: () => void }[] = [];

  const finish = (): void => {
    done++;
    // the last ones have nobody left to wait for
    const last = begun >= requests;
    for (const { at, go } of waiting) if (last || at <= done) go();
    waiting = last ? [] : waiting.filter(({ at }) => at > done);
    onDone?.(done);
  };

  const ask = async (): Promise<void> => {
    const kind = random.of(kinds);
    const stream = kind === 'stream' || kind === 'slow' || (kind === 'abort' && random.number() < 0.5);
    const body =
      kind === 'broken'
        ? random.of(brokenBodies)
        : JSON.stringify({ model, prompt: 'Once upon', max_tokens: 1 + random.integer(8), seed: begun, stream });
    const breakOff = kind === 'abort' ? random.integer(3) : undefined;
    try {
      const headers = { 'content-type': 'application/json' };
      const sent = httpRequest(`${url}/v1/completions`, { method: 'POST', agent, headers });
      const response = responseOf(sent);
      // at once, when it is sent, or when the answer begins
      sent.end(body);
      if (breakOff === 0) sent.destroy();
      else if (breakOff === 1) sent.once('finish', () => sent.destroy());
      const answer = await response;
      if (breakOff === 2) sent.destroy();
      if (kind === 'slow') await new Promise<void>((go) => waiting.push({ at: done + slowness, go }));
      const text = await textOf(answer);
      const status = answer.statusCode!;
      answered[status] = (answered[status] ?? 0) + 1;
      if (stream && status === 200 && !text.endsWith('data: [DONE]\n\n'))
        failed.push(`a stream without an end: ${text}`);
    } catch (error) {
      if (breakOff === undefined) failed.push(`${kind}: ${(error as Error).message}`);
      else aborted++;
    }
    finish();
  };

  const worker = async (): Promise<void> => {
    while (begun < requests) {
      begun++;
      await ask();
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return { answered, aborted, failed };
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
    request.once('close', () => reject(new Error('closed without an answer')));
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
