import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from '../vitest-browser/chromium.ts';

/** Every test that needs a WebGPU device in Node. */
export const gpuTests = '**/*.gpu.test.ts';

/** Where systems put the files of a Chromium whose program in /usr/bin is a script. */
const chromiumFolders = ['/usr/lib/chromium', '/usr/lib/chromium-browser'];

/**
 * The driver to test with: `VK_ICD_FILENAMES` in the environment, or SwiftShader, a Vulkan driver that runs on the CPU and comes with
 * Chromium, as does Vulkan's loader; else undefined.
 */
export function findVulkanDriver(): string | undefined {
  if (process.env.VK_ICD_FILENAMES !== undefined) return process.env.VK_ICD_FILENAMES;
  const chromium = findChromium();
  const folders = chromium === undefined ? chromiumFolders : [dirname(realpathSync(chromium)), ...chromiumFolders];
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((path) => existsSync(path));
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
      // it compiles a large shader in a second, on a busy machine in a minute
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  };
}
