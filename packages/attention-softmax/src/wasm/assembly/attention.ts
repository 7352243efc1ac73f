// The module of softmax attention: every export is a phase `f(arguments, thread, threads)`.
export { attention_backward_scratch_bytes, attention_softmax_backward, attention_softmax_backward_keys } from './backward';
export { attention_scratch_bytes, attention_softmax, attention_softmax_paged, attention_softmax_ring } from './softmax';
export {
  attention_commit_pages,
  attention_commit_ring,
  attention_pack_blocks,
  attention_pack_blocks_backward,
  attention_pack_blocks_ring,
} from './store';
