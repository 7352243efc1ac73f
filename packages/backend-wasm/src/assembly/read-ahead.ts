// Reading panels from memory while others are multiplied. WebAssembly has no prefetch: a load stands for it, and a load that
// waits for memory soon holds up all that follow it. So few may wait, and those at the same time. A core's prefetcher
// brings the lines that follow in a page of memory, once it has seen two: only where a page begins is there something to
// wait for, and there six pages begin at once, two of each of three panels.
import { ceilDivide, larger, smaller } from 'kernel/split';

const pageBytes: usize = 4096;
const lineBytes: i32 = 64;
/** Panels that are read, and multiplied, together. */
export const panelsAtOnce: i32 = 3;
/** Pages of each panel that are read in step. */
const pagesAtOnce: i32 = 2;

// What is read: six pages, the line to look at in them, the number of the first, and of each panel the first page and how many
// follow.
const lineAt: usize = 24;
const numberAt: usize = 28;
const panelsAt: usize = 32;
/** Bytes of scratch memory that say what is read and how far. */
export const aheadBytes: i32 = 64;

/** Begins with the first `bytes` of up to three panels, `ldw` bytes apart. Returns how many looks they take. */
export function beginAhead(ahead: usize, panel: usize, ldw: usize, panels: i32, bytes: usize): i32 {
  let most = 0;
  for (let p = 0; p < panelsAtOnce; p++) {
    // the last one stands for those that are missing
    const from = panel + <usize>smaller(p, panels - 1) * ldw;
    const pages = <i32>(((from & (pageBytes - 1)) + bytes + pageBytes - 1) / pageBytes);
    const at = ahead + (<usize>p << 3);
    store<usize>(at, from & -pageBytes, panelsAt);
    store<i32>(at, pages - 1, panelsAt + 4);
    most = larger(most, pages);
  }
  goTo(ahead, 0);
  return ceilDivide(most, pagesAtOnce) * (<i32>pageBytes / lineBytes);
}

/** To page `number` of each panel and those after it; a panel's last page stands for those it has not. */
function goTo(ahead: usize, number: i32): void {
  let to = ahead;
  for (let p: usize = 0; p < <usize>panelsAtOnce; p++) {
    const from = load<usize>(ahead + (p << 3), panelsAt);
    const last = load<i32>(ahead + (p << 3), panelsAt + 4);
    for (let page = 0; page < pagesAtOnce; page++) {
      store<usize>(to, from + <usize>smaller(number + page, last) * pageBytes);
      to += 4;
    }
  }
  store<i32>(ahead, 0, lineAt);
  store<i32>(ahead, number, numberAt);
}

/** A look: touches the next line of each page. Loads of their own, as prefetchers go by the instruction. */
// @ts-ignore: decorator
@inline
export function readAhead(ahead: usize): void {
  const line = load<i32>(ahead, lineAt);
  load<i32>(load<usize>(ahead) + line);
  load<i32>(load<usize>(ahead, 4) + line);
  load<i32>(load<usize>(ahead, 8) + line);
  load<i32>(load<usize>(ahead, 12) + line);
  load<i32>(load<usize>(ahead, 16) + line);
  load<i32>(load<usize>(ahead, 20) + line);
  if (line + lineBytes < <i32>pageBytes) store<i32>(ahead, line + lineBytes, lineAt);
  else goTo(ahead, load<i32>(ahead, numberAt) + pagesAtOnce);
}

/** All `looks` at once. */
export function readNow(ahead: usize, looks: i32): void {
  for (; looks > 0; looks--) readAhead(ahead);
}
