/** Elements read or written at once: 4 MiB. */
export const chunkElements = 2 ** 20;
/** Rows of a panel of the formats that backends keep matrices in. */
const panelRows = 8;

/** Rows of a chunk: whole panels, which every backend writes fastest, where a chunk holds one; else as many as it holds, or one. */
export function rowsAtOnce(rowLength: number): number {
  const rows = Math.floor(chunkElements / rowLength);
  return rows < panelRows ? Math.max(1, rows) : rows - (rows % panelRows);
}
