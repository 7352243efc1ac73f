export { type ByteSource, blobSource, type LoadProgress, memorySource } from './byte-source.ts';
export { type CheckedTensors, checkTensors, type ExpectedTensor } from './check-tensors.ts';
export { type DataType, dataTypes, type TensorValues } from './data-type.ts';
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-precision.ts';
export { openHttpSource } from './http/http-source.ts';
export type { HttpOptions } from './http/request.ts';
export { type ImportedFolder, importLlamaFolder } from './import-llama-folder.ts';
export { importLlama2c } from './import-llama2c.ts';
export type { ImportedModel } from './imported-model.ts';
export {
  type DirectoryHandle,
  directoryHandleFiles,
  type FileContent,
  httpFiles,
  type ModelFiles,
  memoryFiles,
} from './model-files.ts';
export { type ModelFolder, type ModelFolderSource, openModelFolder } from './model-folder.ts';
export { encodeModelFolder, type ModelFolderContent } from './model-folder-files.ts';
export { openSafetensors, type SafetensorsFile } from './safetensors-read.ts';
export {
  encodeSafetensors,
  planSafetensors,
  type SafetensorsOptions,
  type SafetensorsPlan,
  storedAs,
  streamSafetensors,
  tensorOf,
  type WritableTensor,
  type WritableTensors,
} from './safetensors-write.ts';
export { type IncomingFile, listIncomingFiles } from './store/incoming-files.ts';
export {
  type AddedModel,
  type AddOptions,
  type ModelStore,
  openModelStore,
  type StoredModel,
} from './store/model-store.ts';
export { type ModelBlobs, type ReceiveOptions, receiveInMemory } from './store/receive.ts';
export { parseJsonObject, parseStrictJson } from './strict-json.ts';
export type { ReadOptions, RowChunk, RowRange, TensorEntry } from './tensor-entry.ts';
