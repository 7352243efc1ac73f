/** Text to score a model on. */
import { documentSeparator } from '@yoco-u/train';
import { listSourceFiles, readDocuments } from '@yoco-u/train/node';

/** All documents of the sources, with a separator line between any two. Throws `DataError`. */
export async function readHeldOutText(sources: readonly string[]): Promise<string> {
  let text = '';
  // the first piece follows no document
  let isOpen = true;
  for await (const piece of readDocuments(await listSourceFiles(sources))) {
    text += isOpen ? piece.text : `\n${documentSeparator}\n${piece.text}`;
    isOpen = !piece.end;
  }
  return text;
}
