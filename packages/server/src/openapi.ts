/** The OpenAPI document, made from the schemas that requests are checked against. */
import {
  chatCompletionChunkSchema,
  chatCompletionRequestSchema,
  chatCompletionSchema,
  completionChunkSchema,
  completionRequestSchema,
  completionSchema,
  errorSchema,
} from '@yoco-u/openai';
import * as z from 'zod';
import {
  detokenizeRequestSchema,
  detokenizeResponseSchema,
  modelListSchema,
  modelSchema,
  propsSchema,
  slotsSchema,
  statusSchema,
  tokenizeRequestSchema,
  tokenizeResponseSchema,
} from './schemas.ts';

const schemas = {
  CompletionRequest: completionRequestSchema,
  Completion: completionSchema,
  CompletionChunk: completionChunkSchema,
  ChatCompletionRequest: chatCompletionRequestSchema,
  ChatCompletion: chatCompletionSchema,
  ChatCompletionChunk: chatCompletionChunkSchema,
  TokenizeRequest: tokenizeRequestSchema,
  TokenizeResponse: tokenizeResponseSchema,
  DetokenizeRequest: detokenizeRequestSchema,
  DetokenizeResponse: detokenizeResponseSchema,
  Model: modelSchema,
  ModelList: modelListSchema,
  Status: statusSchema,
  Props: propsSchema,
  Slots: slotsSchema,
  Error: errorSchema,
} satisfies Record<string, z.ZodType>;

type SchemaName = keyof typeof schemas;

interface Operation {
  /** What generated clients call it. */
  readonly id: string;
  readonly summary: string;
  readonly body?: SchemaName;
  /** The answer, or a type of text. */
  readonly answer: SchemaName | { readonly text: string };
  readonly chunk?: SchemaName;
  readonly parameter?: object;
  /** With 503, the same answer says that it is not so now. */
  readonly orUnavailable?: boolean;
  /** Needs no API key. */
  readonly open?: boolean;
}

const operations: Readonly<Record<string, Operation>> = {
  'post /v1/completions': {
    id: 'createCompletion',
    summary: 'Continue texts',
    body: 'CompletionRequest',
    answer: 'Completion',
    chunk: 'CompletionChunk',
  },
  'post /v1/chat/completions': {
    id: 'createChatCompletion',
    summary: 'Answer messages',
    body: 'ChatCompletionRequest',
    answer: 'ChatCompletion',
    chunk: 'ChatCompletionChunk',
  },
  'get /v1/models': { id: 'listModels', summary: 'The models that are served', answer: 'ModelList' },
  'get /v1/models/{model}': {
    id: 'retrieveModel',
    summary: 'One model',
    answer: 'Model',
    parameter: { name: 'model', in: 'path', required: true, schema: { type: 'string' } },
  },
  'post /tokenize': {
    id: 'tokenize',
    summary: 'Text to token ids',
    body: 'TokenizeRequest',
    answer: 'TokenizeResponse',
  },
  'post /detokenize': {
    id: 'detokenize',
    summary: 'Token ids to text',
    body: 'DetokenizeRequest',
    answer: 'DetokenizeResponse',
  },
  'get /health': { id: 'health', summary: 'Whether the process answers', answer: 'Status', open: true },
  'get /ready': {
    id: 'ready',
    summary: 'Whether new requests are welcome; 503 if not',
    answer: 'Status',
    orUnavailable: true,
  },
  'get /props': { id: 'props', summary: 'Models and limits', answer: 'Props' },
  'get /slots': {
    id: 'slots',
    summary: 'What each slot does',
    answer: 'Slots',
    orUnavailable: true,
    parameter: { name: 'fail_on_no_slot', in: 'query', schema: { enum: ['1'] } },
  },
  'get /metrics': { id: 'metrics', summary: 'Figures for Prometheus', answer: { text: 'text/plain' } },
  'get /openapi.json': { id: 'openapi', summary: 'This document', answer: { text: 'application/json' } },
};

/** Methods by path, for counting, and for those that ask by another. */
export const knownPaths: ReadonlyMap<string, string> = new Map(
  Object.keys(operations).map((key) => {
    const [method, path] = key.split(' ') as [string, string];
    return [path, method === 'get' ? 'GET, HEAD' : 'POST'];
  }),
);

/** An OpenAPI 3.1 document of a server that asks for API keys or does not. */
export function openApiDocument(needsKey: boolean): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: generated } = z.toJSONSchema(registry, { uri: reference, io: 'input' });
  const components = Object.fromEntries(
    Object.entries(generated).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, operation] of Object.entries(operations)) {
    const [method, path] = key.split(' ') as [string, string];
    paths[path] = { ...paths[path], [method]: describe(operation, needsKey) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'YOCO-U',
      version: '1',
      description: 'OpenAI-compatible generation with depth-scaled language models.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      ...(needsKey ? { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

function describe(operation: Operation, needsKey: boolean): object {
  const { id, summary, body, answer, chunk, parameter, orUnavailable, open } = operation;
  const content = typeof answer === 'object' ? { [answer.text]: {} } : json(answer);
  const stream = chunk === undefined ? {} : { 'text/event-stream': { schema: { $ref: reference(chunk) } } };
  return {
    operationId: id,
    summary,
    security: needsKey && open !== true ? [{ key: [] }] : [],
    ...(parameter === undefined ? {} : { parameters: [parameter] }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      200: { description: 'Done', content: { ...content, ...stream } },
      ...(orUnavailable === true ? { 503: { description: 'Not now', content } } : {}),
      default: { description: 'An error', content: json('Error') },
    },
  };
}

function json(name: SchemaName): object {
  return { 'application/json': { schema: { $ref: reference(name) } } };
}

function reference(name: string): string {
  return `#/components/schemas/${name}`;
}
