/** What this browser can compute with. */

export type GpuState = 'none' | 'no-adapter' | 'software' | 'there';

export interface GpuProbe {
  readonly state: GpuState;
  /** What the adapter says of itself. */
  readonly name: string;
}

export async function probeGpu(): Promise<GpuProbe> {
  if (!('gpu' in navigator)) return { state: 'none', name: '' };
  try {
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter === null) return { state: 'no-adapter', name: '' };
    const { vendor, architecture, description } = adapter.info;
    const name = description || [vendor, architecture].filter((part) => part !== '').join(' ');
    const software =
      (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true || /swiftshader/i.test(name);
    return { state: software ? 'software' : 'there', name };
  } catch {
    return { state: 'no-adapter', name: '' };
  }
}
