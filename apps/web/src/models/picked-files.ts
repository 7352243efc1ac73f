/** Models that a visitor picks or drops: a folder, its files, or a zip file. */
import type { ModelSource } from './protocol.ts';

interface PlacedFile {
  readonly path: string;
  readonly file: File;
}

/** What an input gives: files, or all those of a folder. Undefined for nothing. */
export function pickedModel(files: readonly File[]): ModelSource | undefined {
  return modelOf(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/** What is dropped. To be called before anything is awaited: then it is gone. */
export async function droppedModel(transfer: DataTransfer): Promise<ModelSource | undefined> {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === 'file');
  const placed = items.map((item) => {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) return filesIn(entry as FileSystemDirectoryEntry);
    return Promise.resolve(file === null ? [] : [{ path: file.name, file }]);
  });
  return modelOf((await Promise.all(placed)).flat());
}

/** The files of the topmost folder with a config.json, by name. */
function modelOf(placed: readonly PlacedFile[]): ModelSource | undefined {
  const [first] = placed;
  if (first === undefined) return undefined;
  if (placed.length === 1 && /\.zip$/i.test(first.file.name)) {
    return { kind: 'zip', name: first.file.name, content: first.file };
  }
  const parts = ({ path }: PlacedFile): readonly string[] => path.split('/').filter((part) => part !== '');
  const byDepth = placed.toSorted((a, b) => parts(a).length - parts(b).length);
  const config = byDepth.find(({ file }) => file.name === 'config.json') ?? byDepth[0]!;
  const folder = parts(config).slice(0, -1).join('/');
  const inside = placed.filter((each) => parts(each).slice(0, -1).join('/') === folder);
  const name = folder.split('/').at(-1) || config.file.name;
  return { kind: 'folder', name, files: new Map(inside.map(({ file }) => [file.name, file])) };
}

/** Files right in a folder and in those right in it. */
async function filesIn(directory: FileSystemDirectoryEntry, levels = 2): Promise<readonly PlacedFile[]> {
  const found: PlacedFile[] = [];
  const reader = directory.createReader();
  for (;;) {
    // a reader gives a hundred entries at a time
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return found;
    for (const entry of entries) {
      if (entry.isDirectory && levels > 1)
        found.push(...(await filesIn(entry as FileSystemDirectoryEntry, levels - 1)));
      if (!entry.isFile) continue;
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ path: entry.fullPath, file });
    }
  }
}
