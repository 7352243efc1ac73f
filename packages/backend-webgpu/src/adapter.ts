/** Where devices come from: the page's or worker's own WebGPU, or the npm package `webgpu` in Node. */
import { BackendError } from '@yoco-u/spec';
import { pollPatiently } from './patient-polling.ts';

const where = 'createWebGpuBackend';
/** Kept out of the import, so that bundlers of pages do not look for it. */
const nodePackage = 'webgpu';

/** Kept alive: a device is lost when the instance that it came from is collected. */
let nodeInstance: Promise<GPU> | undefined;

/** What decides how kernels are written for a device. */
export interface AdapterFacts {
  /** For people: vendor, architecture, description. */
  readonly name: string;
  /** Whether the adapter runs on a CPU. */
  readonly isFallback: boolean;
  /** Of `f16`, `subgroups`: what WGSL texts may enable. */
  readonly extensions: readonly string[];
  /** Bytes of values that a pass may set without a buffer; 0 where there is no such thing. */
  readonly immediateBytes: number;
  /** Bytes of workgroup memory, and invocations of a workgroup. */
  readonly workgroupBytes: number;
  readonly workgroupSize: number;
  /** Bytes that one binding may span. */
  readonly bindingBytes: number;
}

export interface OpenDevice {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
}

/**
 * A device of its own, with the largest buffers and bindings that the adapter has.
 *
 * Throws `BackendError` that says what to install where there is no WebGPU, no adapter, or no device to be had.
 */
export async function openDevice(): Promise<OpenDevice> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new BackendError({ where, expected: 'a graphics adapter', got: 'none', fix: adapterFix() });
  }
  const { limits } = adapter;
  const features = (['shader-f16', 'subgroups'] as const).filter((feature) => adapter.features.has(feature));
  // old browsers know neither the limit nor the set
  const hasImmediates = gpu.wgslLanguageFeatures?.has('immediate_address_space') === true;
  const immediateBytes = hasImmediates ? (limits.maxImmediateSize ?? 0) : 0;
  try {
    const device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        ...(immediateBytes > 0 ? { maxImmediateSize: immediateBytes } : {}),
      },
    });
    // browsers of before 2025 need not have it
    const info = adapter.info as Partial<GPUAdapterInfo> | undefined;
    const name = [info?.vendor, info?.architecture, info?.description].filter((part) => part).join(' ');
    const facts: AdapterFacts = {
      name: name === '' ? 'unnamed adapter' : name,
      isFallback: info?.isFallbackAdapter === true,
      extensions: features.map((feature) => (feature === 'shader-f16' ? 'f16' : feature)),
      immediateBytes,
      workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
      workgroupSize: device.limits.maxComputeInvocationsPerWorkgroup,
      bindingBytes: device.limits.maxStorageBufferBindingSize,
    };
    if (facts.isFallback && isNode()) pollPatiently(device);
    return { device, facts };
  } catch (cause) {
    throw new BackendError({ where, expected: 'a device of the adapter', got: String(cause) }, { cause });
  }
}

async function findGpu(): Promise<GPU> {
  const own = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (own !== undefined) return own;
  if (!isNode()) {
    const fix = 'use a browser that has it, over https or localhost, or the wasm backend';
    throw new BackendError({ where, expected: 'WebGPU', got: 'a browser or page without it', fix });
  }
  nodeInstance ??= createNodeInstance();
  try {
    return await nodeInstance;
  } catch (error) {
    nodeInstance = undefined;
    throw error;
  }
}

async function createNodeInstance(): Promise<GPU> {
  let create: (flags: readonly string[]) => GPU;
  try {
    ({ create } = (await import(/* @vite-ignore */ nodePackage)) as { create: typeof create });
  } catch (cause) {
    const [message = ''] = String(cause).split('\n');
    // a file of the package that is missing, or does not load, is named by its path
    const absent = /Cannot find .*'webgpu'/.test(message);
    throw new BackendError(
      {
        where,
        expected: `the npm package '${nodePackage}'`,
        got: absent ? 'none' : message,
        fix: absent
          ? `npm install ${nodePackage} (with npx: -p ${nodePackage}), or use the wasm backend`
          : `see whether it has a build for ${process.platform} ${process.arch} and this system's libraries, or use the wasm backend`,
      },
      { cause },
    );
  }
  return create([]);
}

function isNode(): boolean {
  return typeof process === 'object' && process.versions?.node !== undefined;
}

function adapterFix(): string {
  if (!isNode()) return 'enable hardware acceleration in the browser, or use the wasm backend';
  if (process.platform !== 'linux') return 'update the graphics driver, or use the wasm backend';
  return 'install a Vulkan driver and its loader (Debian: mesa-vulkan-drivers 25 or newer, libvulkan1), or use the wasm backend';
}
