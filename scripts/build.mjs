// Bundles src/cli/main.ts into dist/: split ESM chunks, so that a command loads only what it uses.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

/** Packages that may be loaded before a command is chosen; everything else comes by `await import()`. */
const EAGER_PACKAGES = new Set(['commander', '@commander-js/extra-typings'])
const EAGER_LIMIT_BYTES = 200_000

const root = new URL('..', import.meta.url)
await rm(new URL('dist/', root), { recursive: true, force: true })
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
const { metafile } = await build({
  absWorkingDir: root.pathname,
  entryPoints: {
    main: 'src/cli/main.ts',
    operators: 'src/sandbox/operators/main.ts',
    runtime: 'src/sandbox/runtime/main.ts',
    models: 'src/sandbox/upstream/main.ts',
    'query-engine': 'src/sandbox/query-engine/main.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // The ES builds: a CommonJS package behind `await import()` would lose its named exports in the bundle.
  mainFields: ['module', 'main'],
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  // The bundled CommonJS packages call require(); punycode is the package, not Node's deprecated module.
  alias: { punycode: 'punycode/' },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  define: { __LLMGW_VERSION__: JSON.stringify(version) },
})

const eager = new Set()
const visit = (file) => {
  if (eager.has(file)) return
  eager.add(file)
  for (const { path, kind } of metafile.outputs[file].imports)
    if (kind === 'import-statement' && metafile.outputs[path]) visit(path)
}
visit('dist/main.js')
const inputs = [...eager].flatMap((file) => Object.entries(metafile.outputs[file].inputs))
const packages = new Set(inputs.map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean))
const bytes = inputs.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)
const foreign = [...packages].filter((name) => !EAGER_PACKAGES.has(name))
if (foreign.length > 0 || bytes > EAGER_LIMIT_BYTES) {
  throw new Error(
    `start-up would load ${bytes} bytes (limit ${EAGER_LIMIT_BYTES}) and ${foreign.join(', ') || 'no further packages'}: import them lazily in src/cli`,
  )
}
const nameless = Object.values(metafile.outputs).filter(
  ({ entryPoint = '', exports }) => metafile.inputs[entryPoint]?.format === 'cjs' && exports.join() === 'default',
)
if (nameless.length > 0) {
  const names = nameless.map(({ entryPoint }) => entryPoint).join(', ')
  throw new Error(`these packages come without named exports, so that import() of them finds nothing: ${names}`)
}
await writeFile(new URL('dist/package.json', root), '{"type":"module"}\n')
