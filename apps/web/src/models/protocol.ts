/** What the page and the worker that takes models in say to each other. All of it is structured-cloneable. */
import type { ModelBlobs, StoredModel } from '@yoco-u/checkpoint';

export type ModelSource =
  /** The address of a model folder or of a zip file of one. */
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'zip'; readonly name: string; readonly content: Blob }
  | { readonly kind: 'folder'; readonly name: string; readonly files: ModelBlobs }
  /** One that is kept here. */
  | { readonly kind: 'stored'; readonly id: string; readonly name: string };

/** `no room`: the browser refuses more; `nowhere`: it keeps nothing at all. */
export type Keeping = 'kept' | 'not asked' | 'no room' | 'nowhere';

export interface TakenModel {
  readonly name: string;
  readonly files: ModelBlobs;
  readonly keeping: Keeping;
}

export type Request =
  | { readonly kind: 'take'; readonly source: ModelSource; readonly keep: boolean }
  | { readonly kind: 'list' }
  | { readonly kind: 'remove'; readonly id: string };

/** What each kind of request is answered with. */
export interface Answers {
  readonly take: TakenModel;
  readonly list: readonly StoredModel[];
  readonly remove: undefined;
}

export type ToLibrary = { readonly call: number } & (Request | { readonly kind: 'cancel' });

export type FromLibrary = { readonly call: number } & (
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'result'; readonly value: Answers[keyof Answers] }
  | { readonly kind: 'error'; readonly message: string; readonly cancelled: boolean }
);
