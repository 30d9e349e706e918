import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const PREFLIGHT = new URL('../../src/sandbox/tools/preflight.ts', import.meta.url).href
const PROGRAM = `import { privilegeNotice } from ${JSON.stringify(PREFLIGHT)}
process.stdout.write((await privilegeNotice()) ?? 'nothing is lost')`

/** What a program is told that has no capabilities: the kernel then treats even root as anybody when it binds a port. */
async function told(prefix: readonly string[]): Promise<string> {
  const loader = fileURLToPath(import.meta.resolve('tsx'))
  const [command = '', ...args] = [
    ...prefix,
    process.execPath,
    '--import',
    loader,
    '--input-type=module',
    '-e',
    PROGRAM,
  ]
  return (await execa(command, args, { extendEnv: false, env: { PATH: process.env.PATH ?? '' } })).stdout
}

const isRoot = process.getuid?.() === 0

test('a user without root is told what port 443 costs, unless this system opens it to everyone', async () => {
  const lowest = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  const without = await told(isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [])
  if (lowest > 443)
    expect(without).toMatch(/^without root: .*sudo sysctl -w net\.ipv4\.ip_unprivileged_port_start=443$/)
  else expect(without).toBe('nothing is lost')
  if (isRoot) expect(await told([])).toBe('nothing is lost')
}, 60_000)
