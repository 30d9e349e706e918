import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

/** 127.64.0.0/10 in blocks of 4,096 addresses. */
const BLOCKS = 1024

const range = (block: number): string => `127.${64 + Math.floor(block / 16)}.${(block % 16) * 16}.0/20`

/**
 * A Service range in 127.64.0.0/10 that no other sandbox of this machine uses; the same `seed` gives the same one where it is free.
 * @param taken ranges in use, in any notation that {@link rangesInUse} gives
 */
export function pickServiceRange(seed: string, taken: ReadonlySet<string>): string {
  const start = createHash('sha256').update(seed).digest().readUInt16BE() % BLOCKS
  for (let step = 0; step < BLOCKS; step += 1) {
    const candidate = range((start + step) % BLOCKS)
    if (!taken.has(candidate)) return candidate
  }
  throw new Error('every Service range of 127.64.0.0/10 is in use by another sandbox')
}

/** Service ranges of all API servers that run on this machine, whoever started them. */
export async function rangesInUse(): Promise<ReadonlySet<string>> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return new Set(lines.flatMap((line) => /--service-cluster-ip-range=([^\0]+)/.exec(line)?.[1] ?? []))
}

/** Whether this IPv4 address can only be this machine. */
export function isLoopback(address: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(address)
}
