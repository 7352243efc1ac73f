/** Attention weights as a picture: a line a token, darker where it takes more. */

/** Draws [count, count] weights in the canvas's own colour, with a frame around the chosen line. */
export function drawWeights(canvas: HTMLCanvasElement, weights: Float32Array, count: number, chosen: number): void {
  const scale = Math.max(1, Math.round(480 / count));
  canvas.width = count * scale;
  canvas.height = count * scale;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { color } = getComputedStyle(canvas);
  context.fillStyle = color;
  for (let row = 0; row < count; row++) {
    const own = weights.subarray(row * count, (row + 1) * count);
    const greatest = Math.max(...own);
    for (let column = 0; column <= row; column++) {
      // faint weights are still to be seen
      context.globalAlpha = Math.sqrt(own[column]! / greatest);
      context.fillRect(column * scale, row * scale, scale, scale);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.strokeRect(1, chosen * scale, canvas.width - 2, scale);
}
