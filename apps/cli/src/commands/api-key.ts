/** `api-key`: a new key for a server; its hash goes to a file, the key itself is shown once. */
import { addKey } from '@yoco-u/server/node';

export async function apiKey(name: string, { file }: { readonly file: string }): Promise<void> {
  console.log(await addKey(file, name));
  console.error(`its hash is in ${file}; the key cannot be shown again`);
}
