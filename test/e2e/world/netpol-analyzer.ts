import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { KubeObject } from '../../../src/ports/index.ts'

/** One allowed connection: workloads as `namespace/name[Kind]`, addresses as ranges. */
interface Connection {
  readonly src: string
  readonly dst: string
  readonly conn: string
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
