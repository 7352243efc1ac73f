/** Model folders as zip files. */
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';

/** One folder of files, stored as they are: weights do not compress. */
export async function packFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<Blob> {
  const zip = new ZipWriter(new BlobWriter('application/zip'), { level: 0, useWebWorkers: false });
  for (const [name, bytes] of files) await zip.add(`${folder}/${name}`, new Uint8ArrayReader(bytes));
  return zip.close();
}
