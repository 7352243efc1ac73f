import { describeLanguageModel } from '@yoco-u/conformance';
import { createInWebWorker } from './web-worker.ts';
import { endingSuites } from './worker-models.ts';

describeLanguageModel('in a Web Worker without shared memory', () => createInWebWorker(1, 2), endingSuites);
