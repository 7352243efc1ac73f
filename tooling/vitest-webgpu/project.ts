import { existsSync } from 'node:fs';
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
      exclude: ['**/node_modules/**', '**/dist/**'],
      // a software adapter uses every core by itself
      maxWorkers: 1,
      // it compiles a large shader in a second, on a busy machine in a minute
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  };
}
