export { ApiError, type ApiErrorFacts, type ErrorBody, errorBody, invalidField, toApiError } from './api-error.ts';
export { createChatCompletion, streamChatCompletion } from './chat.ts';
export {
  type ChatTemplate,
  type ChatTemplateFiles,
  createChatTemplate,
  encodeChat,
  type PlainMessage,
  readChatTemplate,
} from './chat-template.ts';
export { createCompletion, streamCompletion } from './completion.ts';
export { parseBody } from './parse.ts';
export {
  type ChatCompletionRequest,
  type ChatMessage,
  chatCompletionRequestSchema,
  chatMessagesSchema,
} from './schemas/chat-request.ts';
export { type CompletionRequest, completionRequestSchema } from './schemas/completion-request.ts';
export { modelName as modelNameSchema } from './schemas/fields.ts';
export { tokenIds as tokenIdsSchema } from './schemas/long-values.ts';
export {
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatLogprobs,
  type Completion,
  type CompletionChunk,
  type CompletionLogprobs,
  type CompletionTimings,
  type CompletionUsage,
  chatCompletionChunkSchema,
  chatCompletionSchema,
  completionChunkSchema,
  completionSchema,
  errorSchema,
} from './schemas/responses.ts';
export type { AnswerOptions, ServedModel } from './served-model.ts';
