/** Training and validation documents without overlap. */

import { ConfigError } from '@yoco-u/spec';
import type { Corpus } from './corpus.ts';
import { DataError } from './data-error.ts';
import { createDataset, type Dataset, documentSpan, documentsOf, type TokenSpan } from './dataset.ts';
import { createRandom, randomOrder } from './random.ts';

export interface SplitOptions {
  /** Share of the documents that validate: above 0, below 1. Default 0.05, and at least one document. */
  readonly share?: number;
  /** A safe integer. Default 0. */
  readonly seed?: number;
  /** Tokens that validation needs, such as a row. More documents than the share are taken if they are short. Default 1. */
  readonly minimumTokens?: number;
}

export interface DataSplit {
  readonly train: Dataset;
  readonly validation: Dataset;
  /** Whether documents were cut in two because there were too few to choose from. */
  readonly byPosition: boolean;
}

/**
 * A seeded share of the documents. Documents with the same text stay on one side. Where no documents fit (a single one, or none that leaves
 * at least half of all tokens to train on), the end of the longest document validates.
 */
export function splitCorpus(corpus: Corpus, options: SplitOptions = {}): DataSplit {
  const { share = 0.05, seed = 0, minimumTokens = 1 } = options;
  if (!(share > 0 && share < 1)) {
    throw new ConfigError({ where: 'split: share', expected: 'a number above 0 and below 1', got: String(share) });
  }
  if (!Number.isSafeInteger(seed)) {
    throw new ConfigError({ where: 'split: seed', expected: 'a safe integer', got: String(seed) });
  }
  const groups = groupSameDocuments(corpus);
  const order = randomOrder(groups.length, createRandom(seed));
  const chosen = chooseGroups(groups, order, { share, minimumTokens, total: corpus.tokens });
  if (chosen === undefined) return splitByPosition(corpus, groups, share, minimumTokens);
  const validates = new Set(chosen.flatMap(({ documents }) => documents));
  return {
    train: documentsOf(corpus, (document) => !validates.has(document)),
    validation: documentsOf(corpus, (document) => validates.has(document)),
    byPosition: false,
  };
}

/**
 * Documents of `train` that no document of `validation` repeats, and all documents of `validation`. Throws `DataError` if none is
 * left to train on.
 */
export function separateCorpora(train: Corpus, validation: Corpus): DataSplit {
  const known = new Set(validation.documents.hashes);
  const kept = documentsOf(train, (document) => !known.has(train.documents.hashes[document]));
  if (kept.count === 0) {
    throw new DataError({
      where: train.name,
      expected: 'documents that are not among the validation documents',
      got: `${train.documents.count} that are`,
      fix: 'validate on other files',
    });
  }
  return { train: kept, validation: documentsOf(validation), byPosition: false };
}

/** Documents with the same text. */
interface DocumentGroup {
  readonly documents: number[];
  tokens: number;
}

function groupSameDocuments(corpus: Corpus): DocumentGroup[] {
  const groups = new Map<number, DocumentGroup>();
  for (let document = 0; document < corpus.documents.count; document++) {
    const hash = corpus.documents.hashes[document];
    const { start, end } = documentSpan(corpus, document);
    const group = groups.get(hash);
    if (group === undefined) {
      groups.set(hash, { documents: [document], tokens: end - start });
    } else {
      group.documents.push(document);
      group.tokens += end - start;
    }
  }
  return [...groups.values()];
}

interface Need {
  readonly share: number;
  readonly minimumTokens: number;
  readonly total: number;
}

/** Passes over documents that would take much more text than their share; then over those that would take half of it. */
function chooseGroups(
  groups: readonly DocumentGroup[],
  order: Uint32Array,
  { share, minimumTokens, total }: Need,
): DocumentGroup[] | undefined {
  const wanted = Math.max(1, Math.round(share * groups.length));
  const chosen = new Set<DocumentGroup>();
  let tokens = 0;
  for (const limit of [Math.min(4 * share, Math.max(share, 0.5)), Math.max(share, 0.5)]) {
    for (const index of order) {
      if (chosen.size >= wanted && tokens >= minimumTokens) break;
      const group = groups[index];
      if (chosen.has(group) || chosen.size === groups.length - 1 || tokens + group.tokens > limit * total) continue;
      chosen.add(group);
      tokens += group.tokens;
    }
  }
  return chosen.size > 0 && tokens >= minimumTokens ? [...chosen] : undefined;
}

/** Copies of the longest document are cut where it is. */
function splitByPosition(
  corpus: Corpus,
  groups: readonly DocumentGroup[],
  share: number,
  minimumTokens: number,
): DataSplit {
  const lengthOf = (group: DocumentGroup) => group.tokens / group.documents.length;
  const longest = groups.reduce((best, group) => (lengthOf(group) > lengthOf(best) ? group : best));
  const length = lengthOf(longest);
  const needed = Math.max(1, minimumTokens, Math.round(share * length));
  if (length < 2 || needed >= length) {
    throw new DataError({
      where: corpus.name,
      expected: `text for training and ${needed} tokens for validation`,
      got: `${corpus.tokens} tokens in ${corpus.documents.count} document${corpus.documents.count === 1 ? '' : 's'}`,
      fix: 'add text, or take shorter rows',
    });
  }
  const cut = new Set(longest.documents);
  const train: TokenSpan[] = [];
  const validation: TokenSpan[] = [];
  for (let document = 0; document < corpus.documents.count; document++) {
    const { start, end } = documentSpan(corpus, document);
    train.push({ start, end: cut.has(document) ? end - needed : end });
    if (cut.has(document)) validation.push({ start: end - needed, end });
  }
  return { train: createDataset(corpus, train), validation: createDataset(corpus, validation), byPosition: true };
}
