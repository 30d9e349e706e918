import { describe, expect, it } from 'vitest'
import type { WorldRequest } from '../../src/cli/world.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { type CliOptions, runCli } from './run-cli.ts'

const WORDS = 'aws iam GetRole (role gateway) was throttled; still trying'

/** A run in which a read of a role takes its time. */
async function delayed(args: string, options: CliOptions = {}) {
  const world = fakeWorld()
  let request: WorldRequest | undefined
  const { iam } = world
  const slow = {
    ...iam,
    findRole: async (...given: Parameters<typeof iam.findRole>) => {
      request?.onDelay(WORDS)
      return await iam.findRole(...given)
    },
  }
  const onOpen = (opened: WorldRequest) => {
    request = opened
  }
  const aws = { iam: slow, secretsManager: world.secretsManager, eks: world.eks, sts: world.sts }
  return await runCli(args, { ...options, world, onOpen, seams: { aws } })
}

describe('a call that is still being tried', () => {
  it('is a warning on standard error, beside the result', async () => {
    const { stderr, stdout } = await delayed('plan')
    expect(stderr).toContain(`warning: ${WORDS}`)
    expect(stdout).not.toContain(WORDS)
    expect((await runCli('plan', { world: fakeWorld() })).stderr).not.toContain('still trying')
  })

  it('is a note of the event stream', async () => {
    const { stdout } = await delayed('deploy irsa --yes --output ndjson')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toContainEqual(expect.objectContaining({ type: 'note', level: 'warning', message: WORDS }))
  })
})
