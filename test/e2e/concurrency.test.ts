import type { ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { currentVersions, expectOneOfEach } from './world/one-of-each.ts'
import { changed, describeRound, race, roundsOf } from './world/race.ts'
import { throughProxies } from './world/through-proxies.ts'

/** More rounds: `LLMGW_TEST_ROUNDS=50 npx vitest run test/e2e/concurrency.test.ts`; `LLMGW_TEST_SEED` decides when holders are killed. */
const ROUNDS = Number(process.env.LLMGW_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)
const RUNS = 8
const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'kube-system' }

const sandbox = useDeployedSandbox('e2e-concurrency', { deploy: false })
const UNATTENDED = { INTERACTIVE_MODE: 'false' }

async function wipe(): Promise<void> {
  const gone = await sandbox.run('destroy all --yes --confirm llmgw --purge-secrets --delete-crds --delete-volumes')
  if (gone.code !== 0) throw new Error(`destroy ended with ${gone.code}:\n${gone.output}`)
}

interface Run {
  readonly pid: number
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Run {
  const env = { ...sandbox.env, ...UNATTENDED, ...more }
  const children: ChildProcess[] = []
  const ended = llmgw(args, { env, started: (child) => void children.push(child) })
  return { pid: children[0]?.pid ?? 0, ended, kill: (signal) => void children[0]?.kill(signal) }
}

const deployAll = (): Run => start(['deploy', 'all', ...sandbox.flags, '--output', 'json'])

/** Resolves when the lock is held by a process with this id. */
async function holds(pid: number): Promise<string> {
  const signal = AbortSignal.timeout(120_000)
  for await (const leases of sandbox.at.kube.watch({ ...LEASE, fieldSelector: 'metadata.name=llmgw-llmgw' }, signal)) {
    const holder = (leases[0]?.spec as { holderIdentity?: string } | undefined)?.holderIdentity ?? ''
    if (holder.includes(` pid ${pid} `)) return holder
  }
  throw new Error(`process ${pid} never held the lock`)
}

describe.sequential(`${RUNS} runs at the same time (seed ${SEED})`, () => {
  const rounds = roundsOf(ROUNDS, SEED).map((round) => [describeRound(round), round] as const)
  test.each(rounds)('round %s', { timeout: 1_200_000 }, async (_, round) => {
    if (round.fromNothing) await wipe()
    const earlier = await currentVersions(sandbox.at)
    const { racers, killed, after } = await race(sandbox, RUNS, round)
    const output = racers
      .map(({ pid, ended }) => `${pid}: exit ${ended.code ?? ended.signal}\n${ended.output}`)
      .join('\n---\n')
    expect(killed.length, output).toBeGreaterThanOrEqual(Math.min(1, round.kills.length))
    expect(
      racers
        .filter(({ ended }) => ended.signal !== null)
        .map(({ pid }) => pid)
        .sort(),
      output,
    ).toEqual([...killed].sort())
    const done = racers.filter(({ ended }) => ended.code === 0)
    // One does the work; who comes when it is done finds nothing to do; all others are told who is at it.
    const workers = done.filter(({ ended }) => changed(ended))
    expect(workers.length, output).toBeLessThanOrEqual(1)
    if (killed.length === 0) expect(workers, output).toHaveLength(1)
    const holders = [...killed, ...done.map(({ pid }) => pid)]
    const locked = racers.filter(({ ended }) => ended.code !== 0 && ended.signal === null)
    for (const { ended } of locked) {
      expect(ended.code, output).toBe(6)
      const named = /error: deployment "llmgw" is locked by \S+@\S+ pid (\d+) \w+ with "llmgw deploy all"/.exec(
        ended.stderr,
      )
      expect(holders, output).toContain(Number(named?.[1]))
    }
    const told = after.map((end) => end.output).join('\n---\n')
    expect(
      after.map(({ code }) => code),
      told,
    ).toEqual(after.map(() => 0))
    // Whoever went through has left nothing to do; and nothing is left in any case when one more has.
    expect(after.map(changed), told).toEqual(
      done.length > 0 ? [false] : after.map((_end, index) => index === 0 && after.length > 1),
    )
    expect(await currentVersions(sandbox.at)).toMatchObject(earlier)
    await expectOneOfEach(sandbox.at)
  })
})

describe.sequential('one run after the other', () => {
  beforeEach(wipe)

  test('who is killed is taken over, and nothing is left half done', async () => {
    const first = deployAll()
    const holder = await holds(first.pid)
    first.kill('SIGKILL')
    expect((await first.ended).signal).toBe('SIGKILL')
    const status = await sandbox.run('lock status')
    expect([status.code, status.stdout]).toEqual([0, expect.stringContaining(`is held by ${holder}`)])
    const second = deployAll()
    const ended = await second.ended
    expect(ended.code, ended.output).toBe(0)
    expect(ended.stderr).toContain(
      `the lock is held by ${holder}, whose process is gone from this machine: taking over`,
    )
    await expectOneOfEach(sandbox.at)
    expect((await sandbox.run('lock status')).stdout).toContain('is free')
  })

  test('who cannot renew stops by itself, and its helm with it', async () => {
    let cut = false
    const held = new Promise<never>(() => undefined)
    const proxied = await throughProxies(sandbox.connection, {
      kube: {
        before: ({ userAgent, write, path }) => {
          // Helm is in the middle of its first write, and from then on no renewal gets through.
          if (/^helm/i.test(userAgent) && write) cut = true
          if (cut && (path.includes('/leases/') || /^helm/i.test(userAgent))) return held
          return undefined
        },
      },
    })
    const helmFolder = dirname(sandbox.connection.helm)
    try {
      const { ended } = start(['deploy', 'all', '--config', proxied.config], {
        ...proxied.env,
        PATH: `${helmFolder}:${sandbox.env.PATH}`,
      })
      const { code, output } = await ended
      expect([cut, code], output).toEqual([true, 1])
      expect(output).toContain('the lock of deployment "llmgw" is no longer ours: it could not be renewed for 10 s')
      expect(await processesNaming(dirname(proxied.config))).toEqual([])
    } finally {
      await proxied.close()
    }
    const again = await deployAll().ended
    expect(again.code, again.output).toBe(0)
    await expectOneOfEach(sandbox.at)
  })
})

/** Command lines of living processes that name this path. */
async function processesNaming(path: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(path)).map((line) => line.replaceAll('\0', ' '))
}
