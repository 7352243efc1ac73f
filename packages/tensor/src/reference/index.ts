export { createReferenceBackend, type ReferenceOptions } from './backend.ts';
