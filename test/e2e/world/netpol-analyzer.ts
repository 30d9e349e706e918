import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { KubeObject } from '../../../src/ports/index.ts'

/** np-guard's analyzer of NetworkPolicies, pinned by a Go module: who may talk to whom, read by somebody else than us. */
const MODULE = fileURLToPath(new URL('../netpol-analyzer', import.meta.url))
const PACKAGE = 'github.com/np-guard/netpol-analyzer/cmd/netpolicy'

/** One allowed connection: workloads as `namespace/name[Kind]`, addresses as ranges. */
interface Connection {
  readonly src: string
  readonly dst: string
  readonly conn: string
}

/** Builds the analyzer, once for each pin (some 130 s of one core). @returns its path */
export async function netpolAnalyzer(): Promise<string> {
  const pin = createHash('sha256')
    .update(await readFile(join(MODULE, 'go.sum')))
    .digest('hex')
    .slice(0, 12)
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'llmgw', 'test-tools')
  const binary = join(cache, `netpolicy-${pin}`)
  if (
    await access(binary).then(
      () => true,
      () => false,
    )
  )
    return binary
  await mkdir(cache, { recursive: true })
  const workshop = await mkdtemp(join(cache, '.building-'))
  try {
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(MODULE, file), join(workshop, file))
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOTOOLCHAIN: 'local' }
    await execa('go', ['build', '-trimpath', '-buildvcs=false', '-o', 'netpolicy', PACKAGE], { cwd: workshop, env })
    await rename(join(workshop, 'netpolicy'), binary)
    return binary
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** Everything that these objects let through. */
export async function connectionsOf(analyzer: string, objects: readonly KubeObject[]): Promise<readonly Connection[]> {
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-netpol-'))
  try {
    await writeFile(join(folder, 'cluster.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    const { stdout } = await execa(analyzer, ['list', '--quiet', '--dirpath', folder, '--output', 'json'])
    return JSON.parse(stdout) as Connection[]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Ports on which `source` reaches an IPv4 address; empty = none. */
export function reach(connections: readonly Connection[], source: string, address: string): readonly string[] {
  return connections.filter(({ src, dst }) => src === source && inRange(dst, address)).map(({ conn }) => conn)
}

function inRange(range: string, address: string): boolean {
  const [from, to] = range.split('-')
  if (!/^[\d.]+-[\d.]+$/.test(range) || from === undefined || to === undefined) return false
  const [low, high, own] = [from, to, address].map(numberOf)
  return low !== undefined && high !== undefined && own !== undefined && low <= own && own <= high
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
