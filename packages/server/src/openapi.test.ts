import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { createHeldModel, createTestServer } from './testing.ts';

type Answers = Record<string, { content: Record<string, { schema?: { $ref: string } }> }>;
type Document = {
  readonly paths: Record<string, Record<string, { operationId: string; security: object[]; responses: Answers }>>;
};

const documentOf = (needsKey: boolean) => openApiDocument(needsKey) as Document;

describe('the OpenAPI document', () => {
  test.each([true, false])('is valid, and asks for keys where the server does (%s)', async (needsKey) => {
    const document = documentOf(needsKey);
    expect(await new Validator().validate(document)).toEqual({ valid: true });
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const keyed = operations.filter(({ security }) => security.length > 0);
    expect(keyed).toHaveLength(needsKey ? operations.length - 1 : 0);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  const completion = { prompt: 'hi', max_tokens: 2 };
  const chat = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 };
  test.each([
    ['post', '/v1/completions', 200, completion],
    ['post', '/v1/completions', 200, { ...completion, n: 2, logprobs: 2, echo: true }],
    ['post', '/v1/completions', 400, { ...completion, suffix: '' }],
    ['post', '/v1/chat/completions', 200, { ...chat, logprobs: true, top_logprobs: 1 }],
    ['post', '/tokenize', 200, { prompt: 'hi' }],
    ['post', '/detokenize', 200, { tokens: [104] }],
    ['get', '/v1/models', 200, undefined],
    ['get', '/v1/models/{model}', 200, undefined],
    ['get', '/health', 200, undefined],
    ['get', '/ready', 503, undefined],
    ['get', '/props', 200, undefined],
    ['get', '/slots', 200, undefined],
    ['get', '/slots?fail_on_no_slot=1', 503, undefined],
  ] as const)('describes the answer of %s %s with %i', async (method, path, status, body) => {
    const server = createTestServer(createHeldModel());
    if (status === 200) await server.warmUp();
    const url = path.replace('{model}', 'small');
    const response = await (method === 'get' ? server.get(url) : server.post(url, body));
    expect(response.status).toBe(status);
    const document = documentOf(false);
    const { responses } = document.paths[path.split('?')[0]!]![method]!;
    const { $ref } = (responses[status] ?? responses.default!).content['application/json']!.schema!;
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, 'document');
    const matches = ajv.compile({ $ref: `document${$ref}` });
    expect({ matches: matches(await response.json()), errors: matches.errors }).toEqual({
      matches: true,
      errors: null,
    });
  });
});
