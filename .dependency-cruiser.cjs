/** Directions of import between the rooms; the table is in AGENTS.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed, dependencyTypesNot: ['type-only'] },
})
const owner = (name, packages, rooms) => ({
  name,
  severity: 'error',
  from: { path: '^(src|steps)/', pathNot: rooms },
  to: { path: `^node_modules/(${packages})` },
})

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.d\\.ts$' }, to: {} },
    { name: 'no-test-code-shipped', severity: 'error', from: { path: '^(src|steps|bin)/' }, to: { path: '^test/' } },
    { name: 'engine-is-pure', severity: 'error', from: { path: '^src/engine/' }, to: { pathNot: '^src/engine/' } },
    only('ports-are-types', '^src/ports/', '^src/(ports|engine|config|secret)', 'interfaces and data types only'),
    only(
      'config-stands-alone',
      '^src/config/',
      '^(src/(config/|errors|secret)|node_modules/(zod|yaml)/|node:|fs|path|crypto|net)',
    ),
    {
      name: 'steps-use-ports-only',
      severity: 'error',
      from: { path: '^steps/' },
      to: { pathNot: '^(steps/|src/(ports/|engine/step|errors|secret|config/))' },
    },
    {
      name: 'adapters-know-one-tool',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^(steps|src/(ui|cli|sandbox))/' },
    },
    {
      name: 'sandbox-starts-processes',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^(steps|src/(ui|cli))/' },
    },
    {
      name: 'ui-sees-events',
      severity: 'error',
      from: { path: '^src/ui/' },
      to: { path: '^(steps|src/(adapters|cli|sandbox))/' },
    },
    owner('only-ui-draws', 'chalk|listr2|@inquirer|cli-table3|diff/', '^src/ui/'),
    owner('only-cli-parses', 'commander|@commander-js', '^src/cli/'),
    owner('only-adapters-call', '@aws-sdk|@smithy|@kubernetes', '^src/(adapters|sandbox)/'),
    owner('only-adapters-spawn', 'execa', '^src/(adapters|sandbox)/'),
    {
      name: 'only-adapters-spawn-node',
      severity: 'error',
      from: { path: '^(src|steps)/', pathNot: '^src/(adapters|sandbox)/' },
      to: { path: '^(node:)?child_process$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
