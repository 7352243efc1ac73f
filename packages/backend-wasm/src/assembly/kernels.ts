// The base kernels' module: every export is a phase `f(arguments, thread, threads)`.
export { linear_cross_entropy, linear_cross_entropy_pack, linear_cross_entropy_packed } from './cross-entropy';
export { add, fill, scale, swiglu } from './elementwise';
export { embedding, embedding_panels, gather_rows } from './gather';
export { linear, linear_pack, linear_packed } from './linear';
export { add_rms_norm, rms_norm, rms_norm_plain } from './norm';
export { rotary } from './rotary';
export { top_k, top_k_lists } from './top-k';
