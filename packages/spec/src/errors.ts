/**
 * Error classes shared by all packages.
 *
 * Every message reads `where: expected …, got …; fix`. `code` is stable and safe to branch on; messages are not.
 */

const marker = Symbol.for('yoco-u.error');

/** What a message is made of. `fix` says what the caller can do about it. */
export interface ErrorFacts {
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  readonly fix?: string;
}

/** The base of all errors thrown on purpose. `isInstance` also recognises errors of another copy of this package. */
export class YocoError extends Error {
  readonly code: string;
  readonly [marker] = true;

  constructor(code: string, facts: ErrorFacts | string, options?: ErrorOptions) {
    super(typeof facts === 'string' ? facts : formatFacts(facts), options);
    this.code = code;
    this.name = new.target.name;
  }

  static isInstance(value: unknown): value is YocoError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

/** Tensors whose shapes, formats or roles do not fit a kernel, a program or a buffer. */
export class ShapeError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('shape', facts, options);
  }
}

/** A model or run configuration that is incomplete, contradictory or holds an unknown key. */
export class ConfigError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('config', facts, options);
  }
}

/** A model file or folder that cannot be read: truncated, inconsistent, wrong shapes, missing or extra tensors. */
export class CheckpointError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('checkpoint', facts, options);
  }
}

/** A tokenizer definition or an id that cannot be used. */
export class TokenizerError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('tokenizer', facts, options);
  }
}

/** A backend that cannot be created or cannot run a call, a program or a module. */
export class BackendError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('backend', facts, options);
  }
}

/**
 * A device that went away (its driver was reset, its process died, it was destroyed), and every buffer with it. Dispose the
 * backend, create another, and begin again from what the host knows.
 */
export class DeviceLostError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('device_lost', facts, options);
  }
}

/** More memory, context or slots asked for than there is. Thrown before anything is taken. */
export class CapacityError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('capacity', facts, options);
  }
}

/** More requests than may wait. Nothing was begun: the same request may succeed later. */
export class BusyError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('busy', facts, options);
  }
}

/** A request (prompt, sampling settings, ids) that cannot be served as given. */
export class RequestError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('request', facts, options);
  }
}

/** Something that was disposed is used again. */
export class DisposedError extends YocoError {
  constructor(what: string, options?: ErrorOptions) {
    super('disposed', `${what}: expected a live object, got a disposed one; create a new one`, options);
  }
}

function formatFacts(facts: ErrorFacts): string {
  const message = `${facts.where}: expected ${facts.expected}, got ${facts.got}`;
  return facts.fix === undefined ? message : `${message}; ${facts.fix}`;
}
