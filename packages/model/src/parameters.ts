/** The tensors of a model: names and shapes as they stand in `model.safetensors`. */
import type { ParameterSpec } from '@yoco-u/spec';
import type { ModelConfig } from './config.ts';

/** A parameter under its full name. */
export interface ModelParameter extends ParameterSpec {
  readonly name: string;
}

export const embeddingName = 'model.embed_tokens.weight';
export const finalNormName = 'model.norm.weight';

const untiedHeadName = 'lm_head.weight';

/** Name of the output head's matrix: the embedding's where the two are tied. */
export function headName(config: ModelConfig): string {
  return config.tieWordEmbeddings ? embeddingName : untiedHeadName;
}

/** Whether a parameter is a matrix from hidden values to hidden values: neither embedding nor output head, and no vector. */
export function isHiddenMatrix({ name, use }: ModelParameter): boolean {
  return use === 'matrix' && name !== embeddingName && name !== untiedHeadName;
}

export function stagePrefix(stage: number): string {
  return `model.stages.${stage}`;
}

export function layerPrefix(stage: number, layer: number): string {
  return `${stagePrefix(stage)}.layers.${layer}`;
}

/** How often a token reads a parameter: one of a layer once an iteration of its stage, all others once. */
export function countReads({ stages }: ModelConfig, name: string): number {
  const stage = /^model\.stages\.(\d+)\.layers\./.exec(name)?.[1];
  return stage === undefined ? 1 : stages[Number(stage)]!.iterations;
}

/** Every parameter of the model, in the order of the forward pass. */
export function listParameters(config: ModelConfig): readonly ModelParameter[] {
  const { hiddenSize: C, intermediateSize: F, vocabularySize: V } = config;
  const vector = (name: string, size: number): ModelParameter => ({ name, shape: [size], use: 'vector' });
  const matrix = (name: string, out: number, inner: number): ModelParameter => ({
    name,
    shape: [out, inner],
    use: 'matrix',
  });
  const parameters: ModelParameter[] = [matrix(embeddingName, V, C)];
  config.stages.forEach((stage, s) => {
    const shared = stage.layers.find(({ variant }) => variant.stageParameters !== undefined);
    for (const parameter of shared?.variant.stageParameters?.(shared.config) ?? []) {
      parameters.push({ ...parameter, name: `${stagePrefix(s)}.${parameter.name}.weight` });
    }
    stage.layers.forEach(({ variant, config: attention }, l) => {
      const prefix = layerPrefix(s, l);
      parameters.push(vector(`${prefix}.attention_norm.weight`, C));
      for (const parameter of variant.parameters(attention)) {
        parameters.push({ ...parameter, name: `${prefix}.attention.${parameter.name}.weight` });
      }
      parameters.push(
        vector(`${prefix}.feed_forward_norm.weight`, C),
        matrix(`${prefix}.feed_forward.gate_proj.weight`, F, C),
        matrix(`${prefix}.feed_forward.up_proj.weight`, F, C),
        matrix(`${prefix}.feed_forward.down_proj.weight`, C, F),
      );
    });
  });
  parameters.push(vector(finalNormName, C));
  if (!config.tieWordEmbeddings) parameters.push(matrix(headName(config), V, C));
  return parameters;
}

/** How many numbers the model has; does not depend on `iterations`. */
export function countParameters(config: ModelConfig): number {
  return listParameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
