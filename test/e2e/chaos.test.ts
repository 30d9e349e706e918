import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { describeInjection, type Injection, inject, plan, VERDICTS } from './world/faults.ts'
import { type KillPoint, pointsOf } from './world/kill-points.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { currentVersions, expectOneOfEach } from './world/one-of-each.ts'
import { throughProxies } from './world/through-proxies.ts'

/** A sample that CI has time for; `npm run test:chaos` takes more. The seed decides which. */
const SIZE = Number(process.env.LLMGW_TEST_FAULTS ?? 12)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)
/** From which on: a failure is run again alone with `LLMGW_TEST_FROM=its number LLMGW_TEST_FAULTS=that + 1`. */
const FROM = Number(process.env.LLMGW_TEST_FROM ?? 0)
/** Every so many, a run starts from nothing, which costs much more than changing what is there. No divisor of the number of faults. */
const FROM_NOTHING_EVERY = 5
/** A run that neither ends nor heals is ended, and fails the test. */
const LONGEST_MS = 180_000

const sandbox = useDeployedSandbox('e2e-chaos', { deploy: false })

/** Two configurations that differ in every release, in a role and in what pods get: going from one to the other changes all. */
const VARIANTS = [1, 2].map((number) => ({
  gateway: { retries: number },
  components: {
    redis: { values: { podAnnotations: { 'example.com/variant': String(number) } } },
    'external-secrets': { values: { podAnnotations: { 'example.com/variant': String(number) } } },
  },
}))

interface Run {
  readonly ended: Ended
  readonly struck: boolean
  readonly passed: readonly KillPoint[]
}

/** Both APIs through proxies; the run is ended when it takes too long. */
async function deploy(variant: number, injection?: Injection): Promise<Run> {
  let pid = 0
  let cutKube = (): void => undefined
  const fault = injection
    ? inject(injection, {
        signal: (signal) => process.kill(pid, signal),
        killHelm: () => killChildren(pid),
        cutKube: () => cutKube(),
      })
    : undefined
  const proxied = await throughProxies(sandbox.connection, fault ?? {}, VARIANTS[variant] ?? {})
  cutKube = proxied.kube.cut
  const deadline = new AbortController()
  const timer = setTimeout(() => {
    deadline.abort()
    process.kill(pid, 'SIGKILL')
  }, LONGEST_MS)
  try {
    const ended = await llmgw(['deploy', 'all', '--config', proxied.config, '--secrets-file', await secretsFile()], {
      env: { ...sandbox.env, ...proxied.env, ...(await scratch()), PATH: pathWithHelm(), INTERACTIVE_MODE: 'false' },
      ...(injection?.fault === 'disk full' ? { prefix: await withFullDisk() } : {}),
      started: (child) => {
        pid = child.pid ?? 0
      },
    })
    if (deadline.signal.aborted) throw new Error(`did not end within ${LONGEST_MS / 1000} s:\n${ended.output}`)
    const passed = [...pointsOf('aws', proxied.aws.seen, true), ...pointsOf('kube', proxied.kube.seen, true)]
    return { ended, struck: fault?.struck() ?? false, passed }
  } finally {
    clearTimeout(timer)
    // Only now: a helm that outlived the run is still talking through the proxy, and is cut off here at the latest.
    await proxied.close()
  }
}

const pathWithHelm = (): string => `${join(sandbox.connection.helm, '..')}:${sandbox.env.PATH}`

/** Kills the helm processes that this process started. */
function killChildren(pid: number): void {
  const listed = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' })
  for (const line of listed.trim().split('\n')) {
    const [child, name] = line.trim().split(/\s+/)
    if (name === 'helm') process.kill(Number(child), 'SIGKILL')
  }
}

/** Where a run may write, apart from everybody else's. */
async function scratch(): Promise<Readonly<Record<string, string>>> {
  const folder = join(sandbox.connection.dir, 'scratch')
  await mkdir(folder, { recursive: true })
  return { TMPDIR: folder, XDG_CACHE_HOME: folder, XDG_RUNTIME_DIR: folder }
}

/** A file system of one page, and nothing left of it, in the place of these folders: in a mount namespace of the run's own. */
async function withFullDisk(): Promise<readonly string[]> {
  const { TMPDIR = '' } = await scratch()
  const alone = process.getuid?.() === 0 ? ['unshare', '--mount'] : ['unshare', '--map-root-user', '--mount']
  const script = 'mount -t tmpfs -o size=4k tmpfs "$0" && head -c 4096 /dev/zero > "$0/full" && exec "$@"'
  return [...alone, 'sh', '-c', script, TMPDIR]
}

async function secretsFile(): Promise<string> {
  const file = join(sandbox.connection.dir, 'provided.env')
  await writeFile(file, 'litellm-database-url=postgresql://litellm:chaos@db.invalid:5432/litellm\n', { mode: 0o600 })
  return file
}

async function wipe(): Promise<void> {
  const gone = await sandbox.run('destroy all --yes --confirm llmgw --purge-secrets --delete-crds --delete-volumes')
  if (gone.code !== 0) throw new Error(`destroy ended with ${gone.code}:\n${gone.output}`)
}

/** Points of a run from nothing, and of one that changes what is there. */
const points: { fresh: readonly KillPoint[]; change: readonly KillPoint[] } = { fresh: [], change: [] }

beforeAll(async () => {
  await wipe()
  const fresh = await deploy(0)
  expect(fresh.ended.code, fresh.ended.output).toBe(0)
  const change = await deploy(1)
  expect(change.ended.code, change.ended.output).toBe(0)
  Object.assign(points, { fresh: fresh.passed, change: change.passed })
})

function judge(injection: Injection, { ended, struck }: Run): void {
  const { exits, causes } = VERDICTS[injection.fault]
  const how = ended.signal ?? ended.code
  const said = `${describeInjection(injection)}${struck ? '' : ' (not reached)'}: ${how}\n${ended.output}`
  // A wait that the first run needed may be over before it begins in this one; then the run must have gone through.
  expect(struck || injection.fault === 'disk full' ? exits : [0], said).toContain(how)
  if (how === 1 || how === 3) expect(ended.output, said).toMatch(causes)
}

describe.sequential(`${SIZE} faults (seed ${SEED})`, () => {
  test.each(Array.from({ length: SIZE - FROM }, (_, index) => index + FROM))('fault %i', async (index) => {
    const fromNothing = index % FROM_NOTHING_EVERY === 0
    const injection = plan(fromNothing ? points.fresh : points.change, SIZE, SEED)[index]
    if (!injection) throw new Error(`the plan has no injection ${index}`)
    if (fromNothing) await wipe()
    const earlier = await currentVersions(sandbox.at)
    const run = await deploy(index % 2, injection)
    judge(injection, run)
    const before = await currentVersions(sandbox.at)
    expect(before).toMatchObject(earlier)
    const again = await deploy(index % 2)
    expect(again.ended.code, `after ${describeInjection(injection)}\n${again.ended.output}`).toBe(0)
    expect(await currentVersions(sandbox.at)).toMatchObject(before)
    await expectOneOfEach(sandbox.at)
  })
})
