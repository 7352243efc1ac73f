// Gradient of rotary: the rotation by the negative angle. Arguments as those of rotary, the gradient in place of x.
import { rotateRows } from './rotary';

export function rotary_backward(args: usize, thread: i32, threads: i32): void {
  rotateRows(args, thread, threads, true);
}
