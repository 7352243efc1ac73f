/** Stored bytes to values and back, a chunk at a time. */
import { type DataType, dataTypes, type TensorValues } from './data-type.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-precision.ts';

/** True where stored bytes are the values' own bytes. */
export function isStoredAsRead(dataType: DataType): boolean {
  return dataType === 'F32' || dataType === 'I32';
}

/** An array of zeros of the type that `dataType` is read as. */
export function allocateValues(dataType: DataType, elements: number): TensorValues {
  return dataTypes[dataType].kind === 'float' ? new Float32Array(elements) : new Int32Array(elements);
}

/**
 * Fills `target` from `bytes` (aligned to the element, exactly as many elements). float64 rounds to the nearest float32.
 * Returns the index of the first int64 that int32 cannot hold, or -1.
 */
export function decodeValues(dataType: DataType, bytes: Uint8Array, target: TensorValues): number {
  const { buffer, byteOffset } = bytes;
  const elements = target.length;
  if (target instanceof Int32Array) {
    if (dataType === 'I64') return decodeInt64(new Int32Array(buffer, byteOffset, elements * 2), target);
    target.set(dataType === 'U8' ? bytes : new Int32Array(buffer, byteOffset, elements));
    return -1;
  }
  if (dataType === 'F16') float16ToFloat32(new Uint16Array(buffer, byteOffset, elements), target);
  else if (dataType === 'BF16') bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, elements), target);
  else if (dataType === 'F64') target.set(new Float64Array(buffer, byteOffset, elements));
  else target.set(new Float32Array(buffer, byteOffset, elements));
  return -1;
}

/**
 * Fills `bytes` (aligned to the element) from as many values. Floats round to the nearest, ties to even.
 * Returns the index of the first value that U8 cannot hold, or -1.
 */
export function encodeValues(dataType: DataType, values: TensorValues, bytes: Uint8Array): number {
  const { buffer, byteOffset } = bytes;
  const elements = values.length;
  if (values instanceof Int32Array) {
    if (dataType === 'U8') return encodeUint8(values, bytes);
    if (dataType === 'I64') encodeInt64(values, new Int32Array(buffer, byteOffset, elements * 2));
    else new Int32Array(buffer, byteOffset, elements).set(values);
    return -1;
  }
  if (dataType === 'F16') float32ToFloat16(values, new Uint16Array(buffer, byteOffset, elements));
  else if (dataType === 'BF16') float32ToBfloat16(values, new Uint16Array(buffer, byteOffset, elements));
  else if (dataType === 'F64') new Float64Array(buffer, byteOffset, elements).set(values);
  else new Float32Array(buffer, byteOffset, elements).set(values);
  return -1;
}

function decodeInt64(words: Int32Array, target: Int32Array): number {
  for (let i = 0; i < target.length; i++) {
    const low = words[2 * i];
    // The upper word of an int64 within int32 repeats the sign.
    if (words[2 * i + 1] !== low >> 31) return i;
    target[i] = low;
  }
  return -1;
}

function encodeInt64(values: Int32Array, words: Int32Array): void {
  for (let i = 0; i < values.length; i++) {
    words[2 * i] = values[i];
    words[2 * i + 1] = values[i] >> 31;
  }
}

function encodeUint8(values: Int32Array, bytes: Uint8Array): number {
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0 || values[i] > 255) return i;
    bytes[i] = values[i];
  }
  return -1;
}
