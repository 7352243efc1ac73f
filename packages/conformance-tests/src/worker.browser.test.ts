import { describeLanguageModel } from '@yoco-u/conformance';
import { createInWebWorker } from './web-worker.ts';
import { endingSuites } from './worker-models.ts';

describeLanguageModel('in a Web Worker of an isolated page', () => createInWebWorker(2, 3), endingSuites);
