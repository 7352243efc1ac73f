export type {
  AnyAttentionVariant,
  AttentionContext,
  AttentionCost,
  AttentionLens,
  AttentionPlugin,
  AttentionRegistry,
  AttentionScope,
  AttentionVariant,
  ModelDimensions,
  ParameterSpec,
  RowBatch,
  StateCapacity,
  StateSpec,
} from './attention.ts';
export type {
  Backend,
  Binding,
  CallDescription,
  DeviceBuffer,
  DeviceCounts,
  Executable,
  MemoryUse,
  ScalarValues,
} from './backend.ts';
export {
  BackendError,
  BusyError,
  CapacityError,
  CheckpointError,
  ConfigError,
  DeviceLostError,
  DisposedError,
  type ErrorFacts,
  RequestError,
  ShapeError,
  TokenizerError,
  YocoError,
} from './errors.ts';
export type { AnyKernel, Cost, Graph, KernelSpec, RecordedCall, ReferenceCall } from './kernel.ts';
export type {
  AlternativeToken,
  Choice,
  FinishPart,
  FinishReason,
  GeneratePart,
  GenerateRequest,
  LanguageModel,
  PromptPart,
  PromptToken,
  SamplingSettings,
  ScoreOptions,
  TextPart,
  Timings,
  TokenPart,
  Usage,
} from './language-model.ts';
export type { Params, Program, ProgramCall, Scalar, Tensor, TensorDeclaration, TensorRole, Value } from './program.ts';
export type { BestLogits, Candidates, LogitProcessor, Sampler, SamplerContext } from './sampler.ts';
export type { ElementType, NumberArray, StorageFormat, TensorType } from './tensor-type.ts';
export type { EncodeOptions, TokenDecoder, Tokenizer } from './tokenizer.ts';
export type { AnyWasmKernel, WasmKernel, WasmModuleSource, WasmWord } from './wasm-kernel.ts';
export type {
  AnyWebGpuKernel,
  WebGpuBinding,
  WebGpuDevice,
  WebGpuDispatch,
  WebGpuElement,
  WebGpuKernel,
  WebGpuWord,
} from './webgpu-kernel.ts';
