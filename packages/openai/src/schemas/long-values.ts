/**
 * Lists and tables that may be as long as a body. They are checked up to the first entry that is wrong: a schema of entries makes an issue
 * of each, and half a million of them would keep a server busy for a second.
 */
import * as z from 'zod';

const mostPrompts = 128;
const mostIds = 2 ** 31;
const mostBiases = 1024;
const largestBias = 100;

/** The first wrong entry. */
interface Wrong {
  readonly path: (number | string)[];
  readonly message: string;
}

/** A value that `find` checks; `declared` says the same for types and the OpenAPI document. */
function longValue<T, Any>(
  declared: z.ZodType<T>,
  any: z.ZodType<Any>,
  find: (value: Any) => Wrong | undefined,
): z.ZodType<T> {
  const { $schema: _, ...described } = z.toJSONSchema(declared);
  const value = any.superRefine((given, context) => {
    const wrong = find(given);
    if (wrong !== undefined) context.addIssue({ code: 'custom', ...wrong });
  });
  return value.meta(described) as unknown as z.ZodType<T>;
}

const anyList = z.array(z.unknown());

const findWrongId = (values: readonly unknown[]): Wrong | undefined => {
  const place = values.findIndex((id) => !(Number.isInteger(id) && (id as number) >= 0 && (id as number) < mostIds));
  return place < 0 ? undefined : { path: [place], message: 'expected a token id' };
};

const findWrongPrompt = (values: readonly unknown[]): Wrong | undefined => {
  const [first] = values;
  if (typeof first === 'number') return findWrongId(values);
  if (values.length === 0 || values.length > mostPrompts) {
    return { path: [], message: `expected 1 to ${mostPrompts} prompts, got ${values.length}` };
  }
  for (const [place, prompt] of values.entries()) {
    const isIds = Array.isArray(first) && Array.isArray(prompt) && prompt.length > 0;
    const wrong = isIds ? findWrongId(prompt) : undefined;
    if (wrong !== undefined) return { ...wrong, path: [place, ...wrong.path] };
    if (!isIds && !(typeof first === 'string' && typeof prompt === 'string')) {
      return { path: [place], message: 'expected texts alone, or token ids alone, or lists of ids that are not empty' };
    }
  }
  return undefined;
};

const tokenId = z
  .int()
  .min(0)
  .max(mostIds - 1);
const ids = z.array(tokenId).min(1);

/** Token ids; none is a list, too. */
export const tokenIds = longValue(z.array(tokenId), anyList, findWrongId);

/** Token ids of one prompt, texts of many, or ids of many. */
export const promptList = longValue(
  z.union([z.array(z.string()).min(1).max(mostPrompts), ids, z.array(ids).min(1).max(mostPrompts)]),
  anyList,
  findWrongPrompt,
);

const idKey = /^(0|[1-9]\d{0,9})$/;

/** What is added to the logits of token ids. */
export const logitBias = longValue(
  z.record(z.string().regex(idKey), z.number().min(-largestBias).max(largestBias)),
  z.record(z.string(), z.unknown()),
  (biases): Wrong | undefined => {
    let count = 0;
    for (const id in biases) {
      const bias = biases[id];
      if (++count > mostBiases) return { path: [], message: `expected at most ${mostBiases} ids` };
      if (!idKey.test(id)) return { path: [id], message: 'expected a token id' };
      if (typeof bias === 'number' && Math.abs(bias) <= largestBias) continue;
      return { path: [id], message: `expected a number from -${largestBias} to ${largestBias}` };
    }
    return undefined;
  },
);
