// The command-list interpreter: the threads of a team run one list together. An entry for all threads is cut into as many
// shares as the team has threads; a thread claims a share, runs it and looks for the next. No thread is waited for unless it
// holds a share: one that sleeps, or that the system does not run, costs nothing.
//
// Control block (one cache line a word that threads contend for; `control-block.ts` holds the same numbers):
//   0 ticket (i64) · 64 done: shares of the open entry that ended · 128 sleepers · 192 failed: 1 + thread, or 0 ·
//   256 list · 260 entries · 264 threads · 268 spins · 272 whether thread 0 may sleep · 276 index of the open entry ·
//   384 + 64·thread: claim of share `thread` (i64), then what the thread is at: entry, share and kind.
// Entry: function index in the table · arguments · cell · limit. An entry is one whole, run by a single thread, where the
// value in `cell` is at most `limit`, or, without a cell (0), where `limit` is not 0.
//
// Why it is right. The ticket is even between runs; an odd value stands for one open entry of one run, and only grows. To claim
// share s of ticket T is to raise claim[s] from below T to T in one exchange, after T was read from the ticket.
// 1. Whoever claimed a share counts it in `done` once it ended; the thread that counts the last one, and no other, resets
//    `done` and moves the ticket on. So the ticket passes T only after every claim has reached T.
// 2. Claims only grow. A claim to T succeeds on a claim below T: by 1 the ticket is not past T, and it was T when read. So a
//    claim is of the entry that is open, even if its thread slept since it read the ticket, and the entry stays open until the
//    share is counted. A thread that slept through the end of a run finds every claim at its T or beyond: it gets nothing.
// 3. The list, its arguments, `entries` and the open entry's index are read only between a claim and its count, or by the
//    thread that counted the last share, which is alone until it opens an entry: nobody else reads or writes them meanwhile.
//    The host writes them while the ticket is even. Without a claim a thread touches the control block alone.
// 4. A failure is no other way out: `failed` is raised before the failed share is counted, the shares left are claimed and
//    counted without being run, and the last one ends the run. So 2 holds for those who come late to it as well.
// 5. Thread 0 stays until the ticket is even and claims whatever nobody claimed, so a run ends without any other thread,
//    unless one holds a share or runs an entry that is one whole. A sleeper counts itself before the wait compares the ticket, and whoever moves the ticket
//    looks at the sleepers afterwards: either the sleeper sees the new ticket or it is notified.

const doneAt: usize = 64;
const sleepersAt: usize = 128;
const failedAt: usize = 192;
const listAt: usize = 256;
const entriesAt: usize = 260;
const threadsAt: usize = 264;
const spinsAt: usize = 268;
const mayWaitAt: usize = 272;
const openAt: usize = 276;
const slotsAt: usize = 384;
// of a slot; its first word is the claim
const entryAt: usize = 8;
const shareAt: usize = 12;
const kindAt: usize = 16;
// what a thread runs
const none = 0;
const oneShare = 1;
const whole = 2;

/** Begins a run, on thread 0: entries that are one whole run here. True when an entry for all threads is open then. */
export function start(control: usize): bool {
  advance(control, 0, 0);
  return isOpen(atomic.load<i64>(control));
}

/** Takes part in the run under way, if there is one, until it ends. */
export function help(control: usize, thread: i32): void {
  const threads = load<i32>(control, threadsAt);
  for (;;) {
    const ticket = atomic.load<i64>(control);
    if (!isOpen(ticket)) return;
    // its own share first: the same part of a weight stays in the same core's cache
    let share = thread;
    do {
      if (claim(control, share, ticket)) {
        if (!atomic.load<i32>(control, failedAt)) perform(control, thread, oneShare, load<i32>(control, openAt), share, threads);
        count(control, thread);
      }
      if (++share == threads) share = 0;
    } while (share != thread && atomic.load<i64>(control) == ticket);
    settle(control, thread, ticket);
  }
}

/** To be called by a thread whose kernel trapped, after `failed` is raised: the share, or the whole entry, ends here. */
export function fail(control: usize, thread: i32): void {
  const slot = slotOf(control, thread);
  const kind = load<i32>(slot, kindAt);
  store<i32>(slot, none, kindAt);
  if (kind == oneShare) count(control, thread);
  else if (kind == whole) finish(control);
}

function isOpen(ticket: i64): bool {
  return (ticket & 1) != 0;
}

function slotOf(control: usize, thread: i32): usize {
  return control + slotsAt + (<usize>thread << 6);
}

function claim(control: usize, share: i32, ticket: i64): bool {
  const slot = slotOf(control, share);
  const before = atomic.load<i64>(slot);
  return before < ticket && atomic.cmpxchg<i64>(slot, before, ticket) == before;
}

function perform(control: usize, thread: i32, kind: i32, entry: i32, share: i32, shares: i32): void {
  const slot = slotOf(control, thread);
  const at = load<usize>(control, listAt) + (<usize>entry << 4);
  store<i32>(slot, entry, entryAt);
  store<i32>(slot, share, shareAt);
  store<i32>(slot, kind, kindAt);
  call_indirect<void>(load<u32>(at), load<usize>(at, 4), share, shares);
  store<i32>(slot, none, kindAt);
}

/** A share of the open entry ended; the last one of them moves the run on. */
function count(control: usize, thread: i32): void {
  if (atomic.add<i32>(control, 1, doneAt) != load<i32>(control, threadsAt) - 1) return;
  atomic.store<i32>(control, 0, doneAt);
  advance(control, thread, load<i32>(control, openAt) + 1);
}

/** Alone in the run: does the entries that are one whole, then opens the next one for all, or ends the run. */
function advance(control: usize, thread: i32, entry: i32): void {
  const entries = atomic.load<i32>(control, failedAt) ? 0 : load<i32>(control, entriesAt);
  for (; entry < entries; entry++) {
    const at = load<usize>(control, listAt) + (<usize>entry << 4);
    const cell = load<usize>(at, 8);
    const limit = load<i32>(at, 12);
    if (cell ? load<i32>(cell) > limit : limit == 0) {
      store<i32>(control, entry, openAt);
      const ticket = atomic.load<i64>(control);
      publish(control, ticket + (isOpen(ticket) ? 2 : 1));
      return;
    }
    perform(control, thread, whole, entry, 0, 1);
  }
  finish(control);
}

function finish(control: usize): void {
  const ticket = atomic.load<i64>(control);
  // a list without an entry for all threads never opened one
  if (isOpen(ticket)) publish(control, ticket + 1);
}

function publish(control: usize, ticket: i64): void {
  atomic.store<i64>(control, ticket);
  if (atomic.load<i32>(control, sleepersAt)) atomic.notify(control, -1);
}

/** Waits until the ticket moves: spins for a while, then sleeps. */
function settle(control: usize, thread: i32, ticket: i64): void {
  let spins = load<i32>(control, spinsAt);
  const maySleep = thread != 0 || load<i32>(control, mayWaitAt) != 0;
  while (atomic.load<i64>(control) == ticket) {
    if (spins > 0 || !maySleep) {
      spins--;
      continue;
    }
    atomic.add<i32>(control, 1, sleepersAt);
    atomic.wait<i64>(control, ticket, -1);
    atomic.sub<i32>(control, 1, sleepersAt);
  }
}
