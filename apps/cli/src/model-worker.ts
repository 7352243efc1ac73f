/** The script of the threads that `serve` runs models in. */
import { serveModelFolder } from '@yoco-u/yoco-u/node';

await serveModelFolder();
