/** Import rules that need every file: no cycles, no import that leads nowhere. */
// biome-ignore lint/style/noDefaultExport: dependency-cruiser reads the default export.
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'files that import each other at run time depend on the order in which they load',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'the import is not declared in the package.json, or not exported by the package',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: [
        '^(packages|apps|tooling)/[^/]+/dist/',
        '/src/assembly/',
        '/src/[^/]+/assembly/',
        '^packages/assembly/lib/',
        '^tooling/consumer/',
      ],
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@yoco-u/source', 'node', 'import', 'types', 'default'],
    },
  },
};
