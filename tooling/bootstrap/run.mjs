/**
 * The door of the repository on a machine that has only Node 20 or newer and npm. It installs what is missing or
 * stale, builds the command line when its sources changed, and hands over to the pinned Node.
 *
 *   node tooling/bootstrap/run.mjs start -- [arguments of `yoco-u generate`]
 *   node tooling/bootstrap/run.mjs cli -- [arguments of `yoco-u`]
 *   node tooling/bootstrap/run.mjs web -- [arguments of vite]
 *   node tooling/bootstrap/run.mjs build
 *   node tooling/bootstrap/run.mjs recipe -- <name> [its arguments]
 *   node tooling/bootstrap/run.mjs test -- [arguments of vitest]
 *   node tooling/bootstrap/run.mjs test:packages
 *
 * Plain JavaScript without dependencies: it runs before anything is installed.
 */
const minimumNode = 20;

const major = Number(process.versions.node.split('.')[0]);
if (major < minimumNode) {
  console.error(`yoco-u: expected Node ${minimumNode} or newer, got ${process.versions.node}; install a newer Node`);
  process.exit(1);
}

// Imported only now: an older Node would fail on their syntax with a message that helps nobody.
const { bootstrap } = await import('./bootstrap.mjs');
process.exitCode = await bootstrap(process.argv.slice(2));
