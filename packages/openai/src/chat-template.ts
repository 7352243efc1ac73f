/** Messages to a prompt, by the model's own Jinja template. */
import { Template } from '@huggingface/jinja';
import { CapacityError, ConfigError, type LanguageModel } from '@yoco-u/spec';
import { ApiError } from './api-error.ts';
import type { ChatMessage } from './schemas/chat-request.ts';

export interface ChatTemplate {
  /** The template's text. */
  readonly source: string;
  /** Throws `ApiError` (400) for messages that the template refuses. */
  render(messages: readonly PlainMessage[]): string;
}

export interface PlainMessage {
  readonly role: ChatMessage['role'];
  readonly content: string;
}

/** Texts of the files of a model folder that may hold a template. */
export interface ChatTemplateFiles {
  /** `tokenizer_config.json` */
  readonly tokenizerConfig?: string;
  /** `chat_template.jinja`, which comes first. */
  readonly chatTemplate?: string;
}

/** The folder's template, or undefined where it has none. Throws `ConfigError` for files that cannot be read. */
export function readChatTemplate({ tokenizerConfig, chatTemplate }: ChatTemplateFiles): ChatTemplate | undefined {
  const config = tokenizerConfig === undefined ? {} : parseObject(tokenizerConfig);
  const source = chatTemplate ?? templateOf(config.chat_template);
  return source === undefined ? undefined : createChatTemplate(source, specialTexts(config));
}

/** A template, and the texts that it may name besides the messages: `bos_token`, `eos_token`. Throws `ConfigError` for bad Jinja. */
export function createChatTemplate(source: string, texts: Readonly<Record<string, string>> = {}): ChatTemplate {
  let template: Template;
  try {
    template = new Template(source);
  } catch (cause) {
    throw unusable('chat template', 'Jinja', (cause as Error).message, cause);
  }
  return {
    source,
    render(messages) {
      try {
        return template.render({ ...texts, messages, add_generation_prompt: true });
      } catch (cause) {
        // templates refuse orders of roles that they were not made for
        const message = `messages: the model's chat template refuses them: ${(cause as Error).message}`;
        throw new ApiError({ status: 400, code: 'invalid_value', param: 'messages', message }, { cause });
      }
    },
  };
}

/** A prompt of more than this many contexts is not tokenised to its end: the rest would only cost time. */
const mostContexts = 4;

/**
 * Ids of the prompt that the messages make up. Special tokens count as such where the template writes them; where a message
 * holds their text they stay text, so that nobody can forge a turn. Without a template the messages' texts follow
 * each other, with blank lines between, behind BOS: a base model continues them. Throws `CapacityError` for far more than the context
 * holds.
 */
export function encodeChat(
  { tokenizer, bosTokenId, contextLength }: Pick<LanguageModel, 'tokenizer' | 'bosTokenId' | 'contextLength'>,
  template: ChatTemplate | undefined,
  messages: readonly ChatMessage[],
): number[] {
  const plain = messages.map(({ role, content }) => ({ role, content: textOf(content) }));
  if (template === undefined) {
    const ids = tokenizer.encode(plain.map(({ content }) => content).join('\n\n'));
    return bosTokenId === undefined ? ids : [bosTokenId, ...ids];
  }
  const { hidden, marks } = hideSpecialTokens(plain, [...tokenizer.specialTokens.keys()]);
  const ids: number[] = [];
  for (const [index, piece] of template.render(hidden).split(marks.pattern).entries()) {
    const isText = index % 2 === 0;
    for (const id of tokenizer.encode(isText ? piece : (marks.texts[Number(piece)] ?? ''), { special: isText }))
      ids.push(id);
    if (ids.length <= mostContexts * contextLength) continue;
    throw new CapacityError({
      where: 'messages',
      expected: `at most ${contextLength} tokens, which the context holds`,
      got: `more than ${mostContexts} times as many`,
      fix: 'shorten them',
    });
  }
  return ids;
}

function textOf(content: ChatMessage['content']): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

interface Marks {
  /** Splits a text into others and, at odd places, indices into `texts`. */
  readonly pattern: RegExp;
  readonly texts: readonly string[];
}

/** Messages with marks where they held a special token's text: private characters that occur in none of them. */
function hideSpecialTokens(
  messages: readonly PlainMessage[],
  specialTokens: readonly string[],
): { readonly hidden: readonly PlainMessage[]; readonly marks: Marks } {
  const texts = [...specialTokens].sort((a, b) => b.length - a.length);
  const mark = unusedCharacter(messages);
  const marks = { pattern: new RegExp(`${mark}(\\d+)${mark}`), texts };
  if (texts.length === 0) return { hidden: messages, marks };
  const found = new RegExp(texts.map((text) => text.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&')).join('|'), 'g');
  const places = new Map(texts.map((text, index) => [text, index]));
  const hide = (content: string): string => content.replaceAll(found, (text) => `${mark}${places.get(text)}${mark}`);
  return { hidden: messages.map(({ role, content }) => ({ role, content: hide(content) })), marks };
}

function unusedCharacter(messages: readonly PlainMessage[]): string {
  const used = new Set(messages.flatMap(({ content }) => content.match(/[\uE000-\uF8FF]/g) ?? []));
  for (let code = 0xe000; code <= 0xf8ff; code++) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) return character;
  }
  const message = 'messages: expected text, got every character of the private use area';
  throw new ApiError({ status: 400, code: 'invalid_value', param: 'messages', message });
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable('tokenizer_config.json', 'JSON', (cause as Error).message, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unusable('tokenizer_config.json', 'a JSON object', typeof value);
}

/** One template, or a list of named ones, of which `default` is for chats. */
function templateOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  const named = Array.isArray(value) ? value.find((entry) => entry?.name === 'default')?.template : undefined;
  if (typeof named === 'string') return named;
  throw unusable('tokenizer_config.json: chat_template', 'a text, or a list with one named "default"', typeof value);
}

/** `bos_token` and its like, written as a text or as an added token's object. */
function specialTexts(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const key of ['bos_token', 'eos_token', 'unk_token', 'pad_token']) {
    const value = config[key];
    const text = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
    if (typeof text === 'string') texts[key] = text;
  }
  return texts;
}

function unusable(where: string, expected: string, got: string, cause?: unknown): ConfigError {
  const fix = 'correct the file, or remove the template from it';
  return new ConfigError({ where, expected, got, fix }, { cause });
}
