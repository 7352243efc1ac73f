/** The index of a model in several safetensors files: which tensor lies in which. */
import { describeValue, failure, listNames, quote } from './fail.ts';
import { requireSafeName } from './safetensors-header.ts';
import type { SafetensorsFile } from './safetensors-read.ts';
import { isJsonObject, parseJsonObject } from './strict-json.ts';
import type { TensorEntry } from './tensor-entry.ts';

export const indexFile = 'model.safetensors.index.json';

/** File names by tensor name. */
export type ShardIndex = ReadonlyMap<string, string>;

/** Parses an index. Throws `CheckpointError` for anything but a map from tensor names to plain file names. */
export function parseShardIndex(text: string, where: string): ShardIndex {
  const { weight_map: weights } = parseJsonObject(text, where);
  if (!isJsonObject(weights)) {
    const expected = 'an object from tensor names to file names';
    throw failure({
      where: `${where}: weight_map`,
      expected,
      got: describeValue(weights),
      fix: 'write the index again',
    });
  }
  const index = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(weights)) {
    requireSafeName(tensor, `${where}: weight_map`);
    // Letters, digits and a few signs only: no separators, drives, or streams, so no way out of the folder.
    if (typeof shard !== 'string' || !/^[\w-][\w.-]{0,200}\.safetensors$/.test(shard)) {
      throw failure({
        where: `${where}: weight_map: ${quote(tensor)}`,
        expected: 'the name of a .safetensors file in the same folder',
        got: describeValue(shard),
        fix: 'keep all files in one folder and write the index again',
      });
    }
    index.set(tensor, shard);
  }
  return index;
}

/**
 * The tensors of all shards, in file order. Throws `CheckpointError` if a tensor lies in two shards, is missing from its shard, or
 * is not in the index.
 */
export function mergeShards(
  index: ShardIndex,
  shards: ReadonlyMap<string, SafetensorsFile>,
  where: string,
): ReadonlyMap<string, TensorEntry> {
  const merged = new Map<string, TensorEntry>();
  const fix = 'the files do not belong together: load or write all of them again';
  for (const [shard, { tensors }] of shards) {
    for (const [name, entry] of tensors) {
      const at = `${where}: tensor ${quote(name)}`;
      const other = merged.get(name);
      if (other !== undefined)
        throw failure({ where: at, expected: 'one file that holds it', got: `${other.file} and ${entry.file}`, fix });
      const indexed = index.get(name);
      if (indexed === undefined)
        throw failure({ where: at, expected: 'an index that names it', got: `none, but ${shard} holds it`, fix });
      merged.set(name, entry);
    }
  }
  const missing = [...index].filter(([name, shard]) => shards.get(shard)?.tensors.has(name) !== true);
  if (missing.length > 0) {
    const got = `${missing.length} missing: ${listNames(missing.map(([name, shard]) => `${quote(name)} in ${shard}`))}`;
    throw failure({ where, expected: 'all indexed tensors in their files', got, fix });
  }
  return merged;
}
