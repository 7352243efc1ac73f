export { type ConnectedModel, type ConnectOptions, connectLanguageModel } from './connect.ts';
export type { ModelThread, NodeWorker } from './link.ts';
export { WorkerError } from './plain-error.ts';
export {
  type LoadContext,
  type LoadServedModel,
  type ServedModel,
  serveLanguageModel,
} from './serve.ts';
export { workerPort } from './worker-port.ts';
