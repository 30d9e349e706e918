import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { launchOf } from '../../../src/sandbox/runtime/launch.ts'
import type { Container } from '../../../src/sandbox/runtime/objects.ts'
import type { Program } from '../../../src/sandbox/runtime/programs.ts'
import { container, dataOf, FACTS, pod } from './pods.ts'

const program: Program = {
  name: 'litellm',
  title: 'LiteLLM 1',
  entrypoint: ['litellm'],
  command: ['--port', '4000'],
  environment: { PATH: '/bin', FROM: 'image' },
  workingDir: '/app',
  user: 0,
  folders: ['/opt/litellm'],
}

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-launch-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

const launch = async (over: Partial<Container>, securityContext = {}, files: Program['files'] = []) =>
  await launchOf({
    pod: pod({ spec: { securityContext } }),
    container: container(over),
    program: { ...program, files },
    facts: FACTS,
    lookup: dataOf({}),
    services: [],
    volumes: new Map([['config', folder]]),
    log: '/log',
    added: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    extraBinds: [],
  })

describe('what a container runtime is told', () => {
  it('follows the image where the Pod says nothing, and the Pod where it does', async () => {
    expect((await launch({})).argv).toEqual(['litellm', '--port', '4000'])
    expect((await launch({ args: ['--config', '$(FILE)'], env: [{ name: 'FILE', value: '/c' }] })).argv).toEqual([
      'litellm',
      '--config',
      '/c',
    ])
    expect((await launch({ command: ['python', '-V'] })).argv).toEqual(['python', '-V'])
    const { env } = await launch({ env: [{ name: 'FROM', value: 'pod' }] })
    expect(env).toMatchObject({ FROM: 'pod', PATH: '/bin', HOSTNAME: 'litellm-1' })
  })

  it('adds what stands in for AWS only where the Pod sets nothing itself', async () => {
    expect((await launch({})).env.AWS_ENDPOINT_URL).toBe('http://127.0.0.1:1')
    const own = [{ name: 'AWS_ENDPOINT_URL', value: 'http://own' }]
    expect((await launch({ env: own })).env.AWS_ENDPOINT_URL).toBe('http://own')
  })

  it('runs as the user of the container, else of the Pod, else of the image; never as root where that is forbidden', async () => {
    expect((await launch({}, { runAsUser: 10, runAsGroup: 20 })).user).toEqual([10, 20])
    expect((await launch({ securityContext: { runAsUser: 7 } }, { runAsUser: 10 })).user).toEqual([7, 7])
    await expect(launch({}, { runAsNonRoot: true })).rejects.toThrow('image will run as root')
  })

  it('mounts volumes at their paths, also a part of one', async () => {
    const volumeMounts = [
      { name: 'config', mountPath: '/app/config', readOnly: true },
      { name: 'config', mountPath: '/data', subPath: 'data' },
    ]
    expect((await launch({ volumeMounts })).binds).toEqual([
      ['/opt/litellm', '/opt/litellm', true],
      [folder, '/app/config', true],
      [join(folder, 'data'), '/data', false],
    ])
    await expect(launch({ volumeMounts: [{ name: 'nothing', mountPath: '/x' }] })).rejects.toThrow('volume nothing')
  })

  it('has the files of the image, and a volume at the same path after them', async () => {
    const volumeMounts = [{ name: 'config', mountPath: '/app/data' }]
    const { binds } = await launch({ volumeMounts }, {}, [['/package/data', '/app/data']])
    expect(binds.slice(1)).toEqual([
      ['/package/data', '/app/data', true],
      [folder, '/app/data', false],
    ])
  })
})
