/** Bodies checked against their schemas. */
import type * as z from 'zod';
import { ApiError, invalidField } from './api-error.ts';
import { mostMessages } from './schemas/chat-request.ts';

const longestMessage = 300;

/**
 * The body as the schema's type. Fields that are null are left out first, known or not: many clients write down all that they might
 * have sent, also in the messages that they send back. Throws `ApiError` (400) that names the first field that is wrong.
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(withoutNulls(body));
  if (result.success) return result.data;
  // a body made to fail everywhere has many issues: one is enough to act on
  throw toError(result.error.issues[0]!);
}

/** Of a body and of its messages. Of too many messages no more are left than show it: each would be an issue of its own. */
function withoutNulls(body: unknown): unknown {
  const given = fieldsOf(body);
  if (typeof given !== 'object' || given === null || !('messages' in given)) return given;
  const { messages } = given;
  return Array.isArray(messages) ? { ...given, messages: messages.slice(0, mostMessages + 1).map(fieldsOf) } : given;
}

/** An object without the fields that are null; other values as they are. */
function fieldsOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

function toError(issue: z.core.$ZodIssue): ApiError {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const param = shorten(formatPath([...issue.path, issue.keys[0]!]));
    return invalidField(param, 'unknown or not supported; leave it out', 'unsupported_parameter');
  }
  const message = shorten(issue.message);
  if (path !== '') return invalidField(shorten(path), message);
  return new ApiError({ status: 400, code: 'invalid_value', message: `body: ${message}` });
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** Keys come from the client: an answer must not grow with them. */
function shorten(text: string): string {
  return text.length <= longestMessage ? text : `${text.slice(0, longestMessage)}…`;
}
