/** Texts that grow are drawn in turn, one a frame: several long ones in one frame would block the page. */

/** Milliseconds from one turn to the next at least: the page shares its processors with the model. */
const every = 50;

const waiting: (() => void)[] = [];
let underWay = false;

/** Resolves when it is the caller's turn to draw. */
export function turnToDraw(): Promise<void> {
  if (!underWay) start();
  return new Promise((resolve) => waiting.push(resolve));
}

function start(): void {
  underWay = true;
  setTimeout(() => {
    waiting.shift()?.();
    // a page that is hidden draws no frames
    if (document.hidden) goOn();
    else requestAnimationFrame(goOn);
  }, every);
}

function goOn(): void {
  underWay = false;
  if (waiting.length > 0) start();
}
