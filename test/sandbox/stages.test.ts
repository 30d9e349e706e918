import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { kwokctlConfig } from '../../src/sandbox/control-plane/kwokctl-config.ts'
import type { SandboxWorld } from '../../src/sandbox/part.ts'
import { fakeAccount, oidcIssuer } from '../../src/sandbox/settings.ts'

const OURS = fileURLToPath(new URL('../../sandbox/kwok/stages', import.meta.url))
const PORTS = {
  etcd: 1,
  'etcd-peer': 2,
  'kube-apiserver': 3,
  'kube-controller-manager': 4,
  'kube-scheduler': 5,
  'kwok-controller': 6,
  kubelet: 7,
}

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-stages-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function documents(over: Partial<SandboxWorld>) {
  const text = await kwokctlConfig(
    {
      name: 'stages',
      dir,
      kubeconfig: join(dir, 'kubeconfig'),
      serviceRange: '127.96.0.0/16',
      oidcIssuer: oidcIssuer('stages'),
      aws: fakeAccount(1),
      tools: {},
      stages: undefined,
      environment: {},
      ...over,
    },
    PORTS,
  )
  return parseAllDocuments(text).map((document) => document.toJS() as Document)
}

interface Document {
  readonly kind: string
  readonly metadata?: { readonly name: string }
  readonly componentsPatches?: readonly {
    readonly name: string
    readonly extraArgs: readonly { readonly key: string; readonly value: string }[]
  }[]
}

async function stagesWith(stages: string | undefined): Promise<readonly string[]> {
  return (await documents({ stages })).flatMap(({ kind, metadata }) => {
    return kind === 'Stage' && metadata ? [metadata.name] : []
  })
}

const stage = (name: string) =>
  `apiVersion: kwok.x-k8s.io/v1alpha1\nkind: Stage\nmetadata: { name: ${name} }\nspec: { resourceRef: { kind: Pod } }\n`

test('are ours', async () => {
  expect(await stagesWith(undefined)).toHaveLength((await readdir(OURS)).length)
})

test('are those of a folder in place of ours of the same file name, and beside them', async () => {
  await writeFile(join(dir, 'pod-ready.yaml'), stage('slowly'))
  await writeFile(join(dir, 'pod-never.yaml'), stage('never'))
  await writeFile(join(dir, 'README.md'), 'not a stage')
  const ours = await stagesWith(undefined)
  const names = await stagesWith(dir)
  expect(names).toHaveLength(ours.length + 1)
  expect(names).toEqual(expect.arrayContaining(['slowly', 'never', 'pod-complete']))
  expect(names).not.toContain('pod-ready')
})

test('the nodes lead to the kubelets of the runtime where there is one, else to kwok', async () => {
  const nodePorts = async (over: Partial<SandboxWorld>) => {
    const [options] = await documents(over)
    const args = options?.componentsPatches?.flatMap(({ name, extraArgs }) =>
      name === 'kwok-controller' ? extraArgs : [],
    )
    return args?.flatMap(({ key, value }) => (key === 'node-port' ? [value] : []))
  }
  expect(await nodePorts({ programs: {} })).toEqual(['7'])
  expect(await nodePorts({})).toEqual([])
})
