// Reading panels from memory while others are multiplied. WebAssembly has no prefetch: a load stands for it, and a load that
// waits for memory soon holds up all that follow it. So few may wait, and those at the same time. A core's prefetcher
// brings the lines that follow in a page of memory, once it has seen two: only where a page begins is there something to
// wait for, and there four pages begin at once.
//
// What is looked at, and when, is planned once for all pairs of panels that are multiplied with the same rows.
import { smaller } from 'kernel/split';

const pageBytes: usize = 4096;
const lineBytes: usize = 64;
/** Room for a plan: at most 384 looks, those through two panels of 1,024 floats a row apart from each other. */
export const planBytes: i32 = 1536;

/**
 * Plans looks through two panels, for any two that lie so: k floats of each of their rows, from `panels` on, `ldw` bytes from one
 * to the other. Writes a look's offset from the page where the first one begins. Returns how many there are; 0 for less than
 * four pages, which are soon read.
 */
export function planAhead(plan: usize, panels: usize, k: i32, ldw: usize): i32 {
  const panelBytes = <usize>k << 5;
  const joined = ldw == panelBytes;
  const runs = joined ? 1 : 2;
  const runBytes = joined ? panelBytes << 1 : panelBytes;
  if (runBytes < 4 * pageBytes) return 0;
  // else the first line may be the last of a page
  const before = beginAtPages(panels, ldw) ? 0 : pageBytes - lineBytes;
  const pages = <i32>((before + runBytes + pageBytes - 1) / pageBytes);
  let to = plan;
  for (let run = 0; run < runs; run++) {
    const runStart = (<usize>run * ldw) & -pageBytes;
    for (let page = 0; page < pages; page += 4) {
      const four = runStart + <usize>smaller(page, pages - 4) * pageBytes;
      for (let line: usize = 0; line < pageBytes; line += lineBytes) {
        store<usize>(to, four + line);
        to += 4;
      }
    }
  }
  return <i32>(to - plan) >> 2;
}

/** Whether all panels do; if not, a plan may reach two pages beyond, into the panel that follows. */
export function beginAtPages(panels: usize, ldw: usize): bool {
  return ((panels | ldw) & (pageBytes - 1)) == 0;
}

/** A look: touches a line in each of four pages, and the next one where they begin. */
// @ts-ignore: decorator
@inline
export function readAhead(panels: usize, look: usize): void {
  const at = (panels & -pageBytes) + load<usize>(look);
  load<i32>(at);
  load<i32>(at, 4096);
  load<i32>(at, 8192);
  load<i32>(at, 12288);
  if (at & (pageBytes - 1)) return;
  load<i32>(at, 64);
  load<i32>(at, 4160);
  load<i32>(at, 8256);
  load<i32>(at, 12352);
}
