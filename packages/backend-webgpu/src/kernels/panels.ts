/** Formats of matrices in panels of eight rows, as texts read them. */
import type { StorageFormat, WebGpuElement } from '@yoco-u/spec';
import { f16Panels8, f32Panels8 } from '@yoco-u/tensor';

export interface PanelElements {
  readonly format: StorageFormat;
  /** Elements of bindings; texts turn what they read into `f32` and `vec4f`. */
  readonly scalar: WebGpuElement;
  readonly vector: WebGpuElement;
  /** WGSL extensions that a text with them enables. */
  readonly extensions: readonly string[];
}

export const panelFormats: readonly PanelElements[] = [
  { format: f32Panels8, scalar: 'f32', vector: 'vec4f', extensions: [] },
  { format: f16Panels8, scalar: 'f16', vector: 'vec4h', extensions: ['f16'] },
];
