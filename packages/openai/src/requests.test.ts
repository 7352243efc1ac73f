import { BusyError, CapacityError, CheckpointError, RequestError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { ApiError, errorBody, toApiError } from './api-error.ts';
import { parseBody } from './parse.ts';
import { chatCompletionRequestSchema } from './schemas/chat-request.ts';
import { completionRequestSchema } from './schemas/completion-request.ts';

function failure(parse: () => unknown): Partial<ApiError> {
  try {
    parse();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return {};
}

const messages = [{ role: 'user', content: 'hi' }];

describe('a request body', () => {
  test('may leave out what has a default, or say null', () => {
    const body = { prompt: 'x', n: null, stop: null, logprobs: null, logit_bias: null, stream_options: null };
    expect(parseBody(completionRequestSchema, body)).toEqual({ prompt: 'x' });
    expect(parseBody(completionRequestSchema, { prompt: [[1], [2]] })).toEqual({ prompt: [[1], [2]] });
  });

  test('may say null for what is not supported, also in messages that come back', () => {
    expect(parseBody(completionRequestSchema, { prompt: 'x', suffix: null, best_of: null })).toEqual({ prompt: 'x' });
    const answer = { role: 'assistant', content: 'yes', refusal: null, annotations: null, tool_calls: null };
    expect(parseBody(chatCompletionRequestSchema, { messages: [...messages, answer], tools: null })).toEqual({
      messages: [...messages, { role: 'assistant', content: 'yes' }],
    });
  });

  test.each([
    ['prompt', {}],
    ['prompt', { prompt: 7 }],
    ['prompt', { prompt: [] }],
    ['prompt[0]', { prompt: [[]] }],
    ['prompt[0]', { prompt: [1.5] }],
    ['prompt[0]', { prompt: [-1] }],
    ['prompt[2]', { prompt: [1, 2, 2 ** 31] }],
    ['prompt[1]', { prompt: [1, 'a'] }],
    ['prompt[1]', { prompt: ['a', 1] }],
    ['prompt[1]', { prompt: ['a', [1]] }],
    ['prompt[1]', { prompt: [[1], []] }],
    ['prompt[1][0]', { prompt: [[1], [null]] }],
    ['prompt[0]', { prompt: [{}] }],
    ['prompt', { prompt: Array(129).fill('a') }],
    ['prompt', { prompt: { toString: 'x' } }],
    ['n', { prompt: 'x', n: 0 }],
    ['n', { prompt: 'x', n: 1e9 }],
    ['temperature', { prompt: 'x', temperature: -1 }],
    ['temperature', { prompt: 'x', temperature: '1' }],
    ['top_p', { prompt: 'x', top_p: 0 }],
    ['seed', { prompt: 'x', seed: 2 ** 60 }],
    ['max_tokens', { prompt: 'x', max_tokens: 1e300 }],
    ['stop', { prompt: 'x', stop: '' }],
    ['stop', { prompt: 'x', stop: Array(17).fill('a') }],
    ['logit_bias.x', { prompt: 'x', logit_bias: { x: 1 } }],
    ['logit_bias.5', { prompt: 'x', logit_bias: { 5: 101 } }],
    ['logit_bias', { prompt: 'x', logit_bias: Object.fromEntries(Array.from({ length: 1025 }, (_, id) => [id, 1])) }],
    ['logprobs', { prompt: 'x', logprobs: 21 }],
    ['stream_options', { prompt: 'x', stream_options: { include_usage: true } }],
    ['return_progress', { prompt: 'x', return_progress: true }],
    [
      'stream_options.include_obfuscation',
      { prompt: 'x', stream: true, stream_options: { include_obfuscation: true } },
    ],
  ])('of a completion that is wrong names the field: %s', (param, body) => {
    expect(failure(() => parseBody(completionRequestSchema, body))).toMatchObject({ status: 400, param });
  });

  test.each([
    ['stop: expected a string or at most 16 of them, each of 1 to 256 characters', { stop: 7 }],
    ['logit_bias.x: expected a token id', { logit_bias: { x: 1 } }],
  ])('says what it could be: %s', (message, field) => {
    expect(failure(() => parseBody(completionRequestSchema, { prompt: 'x', ...field }))).toMatchObject({ message });
  });

  test.each([
    ['messages', {}],
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0]', { messages: [7] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content', { messages: [{ role: 'assistant', content: null }] }],
    ['messages[0]', { messages: [null] }],
    ['messages', { messages: Array(1025).fill(messages[0]) }],
    ['messages', { messages: Array(500_000).fill({}) }],
    ['messages[0].content', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }] }],
    ['top_logprobs', { messages, top_logprobs: 3 }],
    ['top_logprobs', { messages, logprobs: true, top_logprobs: 21 }],
    ['max_tokens', { messages, max_tokens: 3, max_completion_tokens: 3 }],
    ['response_format.type', { messages, response_format: { type: 'json_object' } }],
  ])('of a chat that is wrong names the field: %s', (param, body) => {
    expect(failure(() => parseBody(chatCompletionRequestSchema, body))).toMatchObject({ status: 400, param });
  });

  test.each([['suffix'], ['best_of'], ['tools'], ['__proto__'], ['a very long name', 'x'.repeat(10_000)]])(
    'with %s is refused',
    (name, field = name) => {
      const body = JSON.parse(`{"prompt": "x", ${JSON.stringify(field)}: 1}`);
      const error = failure(() => parseBody(completionRequestSchema, body));
      expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter' });
      expect(error.param?.startsWith(field.slice(0, 300))).toBe(true);
      expect(JSON.stringify(errorBody(error as ApiError)).length).toBeLessThan(1000);
    },
  );

  test.each([null, [], 'text', 7])('that is no object is refused: %j', (body) => {
    expect(failure(() => parseBody(completionRequestSchema, body))).toMatchObject({ status: 400, param: null });
  });
});

describe('errors', () => {
  test('have the shape that clients read', () => {
    const error = new ApiError({ status: 404, code: 'model_not_found', message: 'no such model', param: 'model' });
    expect(errorBody(error)).toEqual({
      error: { message: 'no such model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    });
  });

  const facts = { where: 'generate', expected: 'less', got: 'more' };
  test.each([
    [new RequestError(facts), 400, 'generate: expected less, got more'],
    [new CapacityError(facts), 400, 'generate: expected less, got more'],
    [new BusyError(facts), 503, 'the queue is full; try again later'],
    [new CheckpointError({ ...facts, where: '/secret/path' }), 500, 'internal error'],
    [new Error('/secret/path'), 500, 'internal error'],
    ['thrown text', 500, 'internal error'],
  ])('of the model become a status, and tell nothing of the machine: %s', (error, status, message) => {
    const answer = toApiError(error);
    expect(answer).toMatchObject({ status, message, cause: error });
    expect(answer.retryAfter).toBe(status === 503 ? 1 : undefined);
  });
});
