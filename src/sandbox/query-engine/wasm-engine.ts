import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { withDriver } from './datamodel.ts'
import type { Parse } from './graphql.ts'

/** Prisma's query engine; everything goes in and out as JSON text. Source: @prisma/client 5.17, its WebAssembly build. */
interface Engine {
  connect(trace: string): Promise<void>
  query(body: string, trace: string, transaction: string | undefined): Promise<string>
  startTransaction(options: string, trace: string): Promise<string>
  commitTransaction(id: string, trace: string): Promise<string>
  rollbackTransaction(id: string, trace: string): Promise<string>
}

interface Bindings {
  __wbg_set_wasm(exports: object): void
  readonly QueryEngine: new (options: object, log: (line: string) => void, adapter: object) => Engine
}

interface PgResult {
  readonly fields?: { dataTypeID: number }[]
}

interface PgClient {
  query(...given: readonly unknown[]): unknown
}

/** A pool of connections. Source: npm package pg. */
interface Pool extends PgClient {
  end(): Promise<void>
}

interface Adapter {
  readonly errorRegistry: { consumeError(id: number): { readonly error: unknown } | undefined }
}

export interface Loaded {
  readonly engine: Engine
  readonly pool: Pool
  readonly parse: Parse
  /** Takes the driver's own error with this number out of its list. */
  readonly errorOf: (id: number) => unknown
}

interface Loading {
  /** Folder with the pinned packages. */
  readonly home: string
  readonly schema: string
  readonly url: URL
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Loads the engine from its packages, with a driver that speaks to PostgreSQL. */
export async function loadEngine({ home, schema, url, environment }: Loading): Promise<Loaded> {
  const load = createRequire(join(home, 'package.json'))
  const { PrismaPg } = load('@prisma/adapter-pg') as { PrismaPg: new (pool: Pool, options: object) => object }
  const { bindAdapter } = load('@prisma/driver-adapter-utils') as { bindAdapter: (adapter: object) => Adapter }
  const { parse } = load('graphql') as { parse: (text: string, options: object) => ReturnType<Parse> }
  const pool = makePool(load, url)
  const adapter = bindAdapter(new PrismaPg(pool, { schema: url.searchParams.get('schema') ?? undefined }))
  const { QueryEngine } = await instantiate(load)
  const options = {
    datamodel: withDriver(schema),
    logLevel: 'error',
    logQueries: false,
    env: environment,
    configDir: '.',
    ignoreEnvVarErrors: true,
    engineProtocol: 'json',
    enableTracing: false,
    datasourceOverrides: {},
  }
  return {
    engine: new QueryEngine(options, () => undefined, adapter),
    pool,
    parse: (text) => parse(text, { noLocation: true }),
    errorOf: (id) => adapter.errorRegistry.consumeError(id)?.error,
  }
}

interface WebAssemblyApi {
  instantiate(
    code: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, unknown>> } }>
}

/** Node has it; the types of Node 20 do not. */
const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }

async function instantiate(load: NodeJS.Require): Promise<Bindings> {
  const file = load.resolve('@prisma/client/runtime/query_engine_bg.postgresql.js')
  const bindings = load(file) as Bindings
  const code = await readFile(file.replace(/\.js$/, '.wasm'))
  const { instance } = await wasm.instantiate(code, { './query_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports.__wbindgen_start as (() => void) | undefined)?.()
  return bindings
}

/** Parameters of the address that the driver understands as Prisma does; all others are Prisma's own. */
const KEPT = new Set(['options'])
/** Prisma's `prefer` tries without TLS, too; the driver knows no such thing. */
const DEMANDS_TLS = /^(require|verify-ca|verify-full)$/
const CONNECTIONS = 10

function makePool(load: NodeJS.Require, url: URL): Pool {
  const { Pool, Client, types } = load('pg') as {
    readonly Pool: new (options: object) => Pool
    readonly Client: new (options: object) => PgClient
    readonly types: { getTypeParser(type: number): unknown; setTypeParser(type: number, parse: unknown): void }
  }
  types.setTypeParser(NAMES, types.getTypeParser(TEXTS))
  const plain = new URL(url)
  for (const [name, value] of url.searchParams) {
    const isDemand = name === 'sslmode' && DEMANDS_TLS.test(value)
    if (!KEPT.has(name) && !isDemand) plain.searchParams.delete(name)
  }
  class KnownTypesClient extends Client {
    override query(...given: readonly unknown[]): unknown {
      return knownTypes(super.query(...given))
    }
  }
  class KnownTypesPool extends Pool {
    override query(...given: readonly unknown[]): unknown {
      return knownTypes(super.query(...given))
    }
  }
  const max = Number(url.searchParams.get('connection_limit') ?? CONNECTIONS)
  const pool = new KnownTypesPool({ connectionString: plain.href, max, Client: KnownTypesClient })
  // Without a listener an idle connection that breaks would end the program; the next query finds out by itself.
  ;(pool as unknown as NodeJS.EventEmitter).on('error', () => undefined)
  return pool
}

/** Types that the adapter refuses and text stands for: name, regclass, regtype, void, pg_node_tree, pg_lsn, xid8; name[]. */
const SHOWN_AS_TEXT = new Set([19, 2205, 2206, 2278, 194, 3220, 5069])
const [TEXT, NAMES, TEXTS] = [25, 1003, 1009]

function knownTypes(result: unknown): unknown {
  if (!(result instanceof Promise)) return result
  return result.then((answer: PgResult) => {
    for (const field of answer.fields ?? []) field.dataTypeID = knownType(field.dataTypeID)
    return answer
  })
}

function knownType(type: number): number {
  if (type === NAMES) return TEXTS
  return SHOWN_AS_TEXT.has(type) ? TEXT : type
}
