/** Errors as OpenAI's clients read them, and the HTTP status that goes with each. */
import { YocoError } from '@yoco-u/spec';

export interface ApiErrorFacts {
  readonly status: number;
  /** Stable: clients branch on it. */
  readonly code: string;
  readonly message: string;
  /** The field that is wrong: `messages[0].content`. */
  readonly param?: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number;
}

/** A request that is answered with an error. The message goes to the client: it holds no path, no stack and no prompt. */
export class ApiError extends YocoError {
  readonly status: number;
  readonly param: string | null;
  readonly retryAfter: number | undefined;

  constructor(facts: ApiErrorFacts, options?: ErrorOptions) {
    super(facts.code, facts.message, options);
    this.status = facts.status;
    this.param = facts.param ?? null;
    this.retryAfter = facts.retryAfter;
  }
}

/** A field that cannot be accepted: status 400. */
export function invalidField(param: string, message: string, code = 'invalid_value'): ApiError {
  return new ApiError({ status: 400, code, param, message: `${param}: ${message}` });
}

/** A worker that ended, a device that was lost, a model that was put out: the next request may meet it alive. */
const goneCodes: readonly string[] = ['worker', 'device_lost', 'disposed'];

/**
 * The error to answer with. What `LanguageModel` says about a request is passed on; anything else becomes a 500 that tells
 * nothing, with the original as its `cause`, for the log.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const code = YocoError.isInstance(error) ? error.code : undefined;
  const message = error instanceof Error ? error.message : '';
  if (code === 'request') return new ApiError({ status: 400, code: 'invalid_value', message }, { cause: error });
  if (code === 'capacity') {
    return new ApiError({ status: 400, code: 'context_length_exceeded', message }, { cause: error });
  }
  if (code === 'tokenizer') return new ApiError({ status: 400, code: 'invalid_token', message }, { cause: error });
  if (code === 'busy') {
    const busy = 'the queue is full; try again later';
    return new ApiError({ status: 503, code: 'server_overloaded', message: busy, retryAfter: 1 }, { cause: error });
  }
  if (code !== undefined && goneCodes.includes(code)) {
    const gone = 'the model went away; it is loaded again';
    return new ApiError({ status: 503, code: 'model_unavailable', message: gone, retryAfter: 1 }, { cause: error });
  }
  return new ApiError({ status: 500, code: 'internal_error', message: 'internal error' }, { cause: error });
}

/** The body that OpenAI's clients expect beside the status. */
export function errorBody(error: ApiError): ErrorBody {
  return { error: { message: error.message, type: typeOf(error.status), param: error.param, code: error.code } };
}

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
