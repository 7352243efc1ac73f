/** Errors as data: cloning keeps neither their classes nor their codes. */
import {
  BackendError,
  BusyError,
  CapacityError,
  CheckpointError,
  ConfigError,
  DeviceLostError,
  DisposedError,
  RequestError,
  ShapeError,
  TokenizerError,
  YocoError,
} from '@yoco-u/spec';

export interface PlainError {
  readonly name: string;
  readonly message: string;
  /** Of a `YocoError`. */
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: PlainError;
}

/** The worker of a model failed to start, crashed or ended. */
export class WorkerError extends YocoError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      'worker',
      { where: 'model worker', expected: 'a running worker', got: reason, fix: 'load the model again' },
      options,
    );
  }
}

const ownClasses: Readonly<Record<string, { readonly prototype: YocoError }>> = {
  backend: BackendError,
  busy: BusyError,
  capacity: CapacityError,
  checkpoint: CheckpointError,
  config: ConfigError,
  device_lost: DeviceLostError,
  disposed: DisposedError,
  request: RequestError,
  shape: ShapeError,
  tokenizer: TokenizerError,
  worker: WorkerError,
};
const otherClasses: Readonly<Record<string, ErrorConstructor>> = { RangeError, SyntaxError, TypeError };

/** Causes of causes end here: a chain may be a ring. */
const mostCauses = 8;

export function toPlainError(error: unknown, causes = mostCauses): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    ...(YocoError.isInstance(error) ? { code: error.code } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || causes === 0 ? {} : { cause: toPlainError(cause, causes - 1) }),
  };
}

/** The error again: of the class that its code stands for, or of the platform's class of its name. */
export function fromPlainError({ name, message, code, stack, cause }: PlainError): Error {
  const options = cause === undefined ? undefined : { cause: fromPlainError(cause) };
  let error: Error;
  if (code === undefined) error = new (otherClasses[name] ?? Error)(message, options);
  else {
    error = new YocoError(code, message, options);
    const known = ownClasses[code];
    if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  }
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
