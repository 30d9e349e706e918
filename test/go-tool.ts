import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

interface Tool {
  readonly package: string
  readonly tags?: string
}

/** Programs that only tests and the benchmark need, each pinned by a Go module. */
const TOOLS = {
  /** Who may talk to whom by NetworkPolicies; some 130 s of one core. */
  'netpol-analyzer': { package: 'github.com/np-guard/netpol-analyzer/cmd/netpolicy' },
  /** Another way to deploy, for the benchmark; some 450 s of one core. */
  helmfile: { package: 'github.com/helmfile/helmfile' },
  /** Of the version of the sandbox's control plane. */
  kubectl: { package: 'k8s.io/kubernetes/cmd/kubectl' },
  /** Unit tests of alert rules, without service discovery; some 140 s of one core. */
  promtool: { package: 'github.com/prometheus/prometheus/cmd/promtool', tags: 'remove_all_sd' },
} satisfies Readonly<Record<string, Tool>>

/** Builds a tool, once for each pin, into the user's cache folder. @returns its path */
export async function goTool(name: keyof typeof TOOLS): Promise<string> {
  const tool: Tool = TOOLS[name]
  const module = fileURLToPath(new URL(`go/${name}`, import.meta.url))
  const pin = createHash('sha256')
    .update(await readFile(join(module, 'go.sum')))
    .digest('hex')
    .slice(0, 12)
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'llmgw', 'test-tools')
  const binary = join(cache, `${name}-${pin}`)
  if (await exists(binary)) return binary
  await mkdir(cache, { recursive: true })
  const workshop = await mkdtemp(join(cache, '.building-'))
  try {
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(module, file), join(workshop, file))
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOTOOLCHAIN: 'local' }
    const tags = tool.tags === undefined ? [] : ['-tags', tool.tags]
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', 'tool']
    await execa('go', ['build', ...tags, ...flags, tool.package], { cwd: workshop, env })
    await rename(join(workshop, 'tool'), binary)
    return binary
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
