import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import type { TestProjectInlineConfiguration } from 'vitest/config';

/** Every test that needs a WebGPU device in Node. */
export const gpuTests = '**/*.gpu.test.ts';

/** SwiftShader, a Vulkan driver that runs on the CPU, comes with Chromium; so does Vulkan's loader. */
const drivers = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json'];

/** The driver to test with: `VK_ICD_FILENAMES` in the environment, or SwiftShader in its usual place; else undefined. */
export function findVulkanDriver(): string | undefined {
  return process.env.VK_ICD_FILENAMES ?? drivers.find((path) => existsSync(path));
}

/**
 * The environment of processes that shall find the driver and Vulkan's loader, which look there when they start; undefined
 * where there is no driver.
 */
export function vulkanEnvironment(): Readonly<Record<string, string>> | undefined {
  const driver = findVulkanDriver();
  if (driver === undefined) return undefined;
  const libraries = [process.env.LD_LIBRARY_PATH, dirname(driver.split(delimiter)[0]!)].filter((path) => path);
  return {
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: libraries.join(delimiter),
    // silences the loader
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp',
  };
}

/** Tests that want an adapter with float16, which SwiftShader does not have. */
const f16Tests = ['**/*f16*.gpu.test.ts', '**/variants.gpu.test.ts', '**/wgsl.gpu.test.ts'];

/** Where Mesa puts lavapipe, its Vulkan driver that runs on the CPU. */
const lavapipes = ['lvp_icd.json', 'lvp_icd.x86_64.json', 'lvp_icd.aarch64.json'].map(
  (file) => `/usr/share/vulkan/icd.d/${file}`,
);

/** lavapipe of Mesa 25 or newer, which says Vulkan 1.4: older ones lack what Dawn asks for. */
function findLavapipe(): string | undefined {
  return lavapipes.find((path) => {
    if (!existsSync(path)) return false;
    const { ICD } = JSON.parse(readFileSync(path, 'utf8')) as { readonly ICD: { readonly api_version: string } };
    const [major = 0, minor = 0] = ICD.api_version.split('.').map(Number);
    return major > 1 || minor >= 4;
  });
}

/** The vitest project `gpu-f16`: tests of float16 in Node on lavapipe; none where that is not installed, and `gpu` has them. */
export function f16Projects(): readonly TestProjectInlineConfiguration[] {
  const driver = findLavapipe();
  if (driver === undefined) return [];
  return [
    {
      extends: true,
      test: {
        name: 'gpu-f16',
        include: f16Tests,
        exclude: ['**/node_modules/**', '**/dist/**'],
        // heard by Vulkan's loader when the first device is asked for
        env: { VK_ICD_FILENAMES: driver, MESA_SHADER_CACHE_DIR: 'node_modules/.cache/mesa' },
        maxWorkers: 1,
        testTimeout: 600_000,
        hookTimeout: 600_000,
      },
    },
  ];
}

/**
 * The vitest project `gpu`: WebGPU tests in Node, or, where there is no driver, one skipped test for each of their files. Sets
 * the environment for the processes of all projects.
 */
export function gpuProject(): TestProjectInlineConfiguration {
  const environment = vulkanEnvironment();
  const name = 'gpu';
  if (environment === undefined) {
    return { extends: true, test: { name, include: ['tooling/vitest-webgpu/missing.test.ts'] } };
  }
  Object.assign(process.env, environment);
  return {
    extends: true,
    test: {
      name,
      include: [gpuTests],
      exclude: [
        '**/node_modules/**',
        '**/dist/**',
        // packages of their own: `pack-and-consume` tests them
        'examples/**',
        ...(findLavapipe() === undefined ? [] : ['**/*f16*.gpu.test.ts']),
      ],
      // a software adapter uses every core by itself
      maxWorkers: 1,
      // it compiles a large shader in a second, on a busy machine in a minute
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  };
}
