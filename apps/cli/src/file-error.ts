/** What is wrong with a file or folder, and the fix: the system's own words hold neither. */

type Description = readonly [expected: string, got: string, fix: string];

const noPermission: Description = [
  'a file or folder that can be used',
  'no permission',
  'change its permissions, or name another',
];

const descriptions: Readonly<Record<string, Description>> = {
  ENOENT: ['a file or folder', 'nothing under this name', 'check the path'],
  ENOTDIR: ['a folder on the way', 'a file', 'check the path'],
  EISDIR: ['a file', 'a folder', 'name a file'],
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: ['a place that can be written', 'a read-only file system', 'name another'],
  ENOSPC: ['room for the file', 'a full disk', 'free some space, or name another place'],
};

/** For an error of a system call; `path` where the error does not know it. Other errors keep their message. */
export function describeFileError(error: NodeJS.ErrnoException, path = error.path): string {
  if (path === undefined) return error.message;
  const description = descriptions[error.code ?? ''];
  if (description === undefined) return `${path}: ${error.message}`;
  const [expected, got, fix] = description;
  return `${path}: expected ${expected}, got ${got} (${error.code}); ${fix}`;
}
