/** Patterns of a tokenizer.json as JavaScript regular expressions that match the same text. */

import { reject } from '../json-reader.ts';
import { parsePattern } from './parse-pattern.ts';
import { type PatternNode, PatternSyntaxError } from './pattern-node.ts';

/**
 * Compiles an Oniguruma pattern to a global, `v`-mode expression without captures of its own meaning.
 * @param where the key the pattern comes from, for errors
 * @throws TokenizerError for syntax that has no faithful translation
 */
export function compilePattern(source: string, where: string): RegExp {
  try {
    const expression = new RegExp(emitPattern(parsePattern(source)), 'gv');
    // Engines compile at the first match, where a pattern may turn out too large.
    expression.test('');
    expression.lastIndex = 0;
    return expression;
  } catch (error) {
    if (error instanceof PatternSyntaxError) return reject(where, error.expected, error.got, 'rewrite the pattern');
    if (error instanceof SyntaxError || error instanceof RangeError) {
      // The message repeats the whole pattern before its reason.
      return reject(where, 'a pattern that JavaScript can run', `...${error.message.slice(-60)}`);
    }
    throw error;
  }
}

/** A literal as a global expression. */
export function compileLiteral(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, '\\$&'), 'gv');
}

function emitPattern(root: PatternNode): string {
  let captures = 0;

  /** `last`: nothing after this node can fail, so what it matched first stands, and atomic groups are plain ones. */
  function emit(node: PatternNode, last: boolean, behind: boolean): string {
    switch (node.kind) {
      case 'set':
      case 'assertion':
        return node.source;
      case 'sequence':
        return node.items
          .map((item, index) => emitPart(item, last && index === node.items.length - 1, behind))
          .join('');
      case 'alternation':
        return node.branches.map((branch) => emit(branch, last, behind)).join('|');
      case 'look':
        return node.opening.startsWith('(?<')
          ? `${node.opening}${emit(node.body, false, true)})`
          : `${node.opening}${emit(node.body, true, false)})`;
      case 'repeat':
        return emitAtom(node.body, behind) + node.quantifier;
      case 'atomic':
        return last ? emit(node.body, last, behind) : emitAtomic(node.body, behind);
    }
  }

  function emitPart(node: PatternNode, last: boolean, behind: boolean): string {
    const text = emit(node, last, behind);
    return isLoose(node) ? `(?:${text})` : text;
  }

  function emitAtom(node: PatternNode, behind: boolean): string {
    const text = emit(node, false, behind);
    return node.kind === 'set' ? text : `(?:${text})`;
  }

  function emitAtomic(body: PatternNode, behind: boolean): string {
    // Matching backwards, the reference would come before its capture.
    if (behind) throw new PatternSyntaxError('no atomic group or possessive quantifier inside a lookbehind', 'one');
    const capture = ++captures;
    // A lookahead never gives back what it matched.
    return `(?:(?=(${emit(body, true, false)}))\\${capture})`;
  }

  return emit(root, true, false);
}

/** Whether the node's text is alternatives without a group around them. */
function isLoose(node: PatternNode): boolean {
  return node.kind === 'alternation' || (node.kind === 'atomic' && isLoose(node.body));
}
