/**
 * Which tags a published package may have among its own `dependencies`. The rules for `turbo boundaries` in the root
 * turbo.json are wider, because turbo does not tell dependencies from development dependencies, nor direct ones from
 * others.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const layers = {
  spec: [],
  tensor: ['spec'],
  conformance: ['spec', 'tensor'],
  backend: ['spec', 'tensor'],
  attention: ['spec', 'tensor'],
  leaf: ['spec'],
  model: ['spec', 'tensor'],
  engine: ['spec', 'tensor', 'leaf', 'model', 'engine'],
  train: ['spec', 'tensor', 'leaf', 'model'],
  server: ['spec', 'leaf'],
  umbrella: ['spec', 'tensor', 'backend', 'attention', 'leaf', 'model', 'engine', 'train'],
  app: ['spec', 'tensor', 'backend', 'attention', 'leaf', 'model', 'engine', 'train', 'server', 'umbrella'],
  tooling: ['tooling'],
};
