// The module of the kernels that only training needs: every export is a phase `f(arguments, thread, threads)`.
export {
  linear_cross_entropy_backward_pack,
  linear_cross_entropy_backward_rows,
  linear_cross_entropy_backward_weight,
} from './cross-entropy-backward';
export { accumulate, fill_state, swiglu_backward } from './elementwise-backward';
export { gram_lower, gram_mirror, gram_pack, transpose } from './gram';
export {
  linear_input_backward,
  linear_input_backward_pack,
  linear_weight_accumulate,
  linear_weight_backward,
} from './linear-backward';
export { muon_direction, muon_direction_scaled, muon_update, newton_schulz, normalize } from './muon';
export {
  add_rms_norm_backward,
  add_rms_norm_backward_both,
  add_rms_norm_backward_both_weight,
  rms_norm_backward,
  rms_norm_backward_plain,
  rms_norm_backward_weight,
} from './norm-backward';
export { adamw_update, adamw_update_scaled, sgd_update, sgd_update_scaled } from './optimizers';
export {
  clip_scale,
  mean_loss,
  mean_loss_backward,
  square_sum,
  square_sum_after,
  square_sum_after_parts,
  square_sum_parts,
} from './reductions';
export { rotary_backward } from './rotary-backward';
export { scatter_gathered, scatter_rows, scatter_zero } from './scatter';
