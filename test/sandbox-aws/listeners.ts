import { readdir, readFile, readlink } from 'node:fs/promises'

const LISTEN = '0A'

/** `address:port` of every TCP socket that these processes listen on. Source: proc_pid_net(5); words of an address are in the host's byte order. */
export async function listenersOf(pids: readonly number[]): Promise<readonly string[]> {
  const inodes = new Set((await Promise.all(pids.map(socketsOf))).flat())
  const tables = await Promise.all(['tcp', 'tcp6'].map(async (name) => await readFile(`/proc/net/${name}`, 'utf8')))
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9] ?? ''))
      .map((fields) => readable(fields[1] ?? '')),
  )
}

async function socketsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`
  const links = (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => ''))
  return (await Promise.all(links)).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
}

function readable(hexadecimal: string): string {
  const [address = '', port = ''] = hexadecimal.split(':')
  // An IPv6 address is told as it is: none of ours may be one.
  const bytes = address.length === 8 ? (address.match(/../g) ?? []).reverse() : undefined
  const host = bytes?.map((byte) => Number.parseInt(byte, 16)).join('.') ?? `[${address}]`
  return `${host}:${Number.parseInt(port, 16)}`
}
