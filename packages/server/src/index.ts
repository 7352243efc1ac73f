export { type ApiKey, createApiKey, hashApiKey } from './api-keys.ts';
export { openApiDocument } from './openapi.ts';
export {
  defaultLimits,
  type Limits,
  type LoadedModel,
  type Logger,
  type ModelSource,
  type ServerOptions,
} from './options.ts';
export { type ApiServer, createApiServer } from './server.ts';
