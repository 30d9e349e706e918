import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { ROLES } from './platform.ts'
import type { Witness } from './snapshot.ts'
import { SPINE_RELEASES, SPINE_SECRETS } from './spine.ts'

/** What must be there, once. */
export interface Wanted {
  readonly releases: readonly string[]
  /** Remote names; in a bundle its keys. */
  readonly secrets: readonly string[]
  /** Remote name of the one secret that holds all. */
  readonly bundle?: string
}

const WANTED: Wanted = { releases: SPINE_RELEASES, secrets: SPINE_SECRETS }

/** Version ids of the platform's secrets that have one; for keys of a bundle digests of their values. */
export async function currentVersions(at: Witness, wanted = WANTED): Promise<Record<string, string>> {
  if (wanted.bundle !== undefined) return await keysOf(at, wanted.bundle)
  const metas = await Promise.all(wanted.secrets.map((name) => at.aws.secretsManager.describe(name)))
  return Object.fromEntries(
    wanted.secrets.flatMap((name, index) => {
      const versions = Object.keys(metas[index]?.versions ?? {})
      return versions.length === 0 ? [] : [[name, versions.join(' ')]]
    }),
  )
}

/** What others than the program keep in it is none of ours, and so are its own records. */
async function keysOf({ aws }: Witness, bundle: string): Promise<Record<string, string>> {
  const current = await aws.secretsManager.value(bundle)
  const entries = Object.entries(JSON.parse(current?.value.reveal() ?? '{}') as Record<string, string>)
  const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
  return Object.fromEntries(entries.filter(([key]) => key !== '_llmgw').map(([key, text]) => [key, digest(text)]))
}

/** Nothing is doubled and nothing half done: one deployed revision a release, one policy a role, one version a secret. */
export async function expectOneOfEach(at: Witness, wanted = WANTED): Promise<void> {
  const releases = await at.kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm' })
  const deployed = releases.filter(({ metadata }) => metadata.labels?.status === 'deployed')
  expect(deployed.map(({ metadata }) => metadata.labels?.name).sort()).toEqual([...wanted.releases].sort())
  expect(releases.filter(({ metadata }) => metadata.labels?.status?.startsWith('pending'))).toEqual([])
  for (const role of ROLES) expect(Object.keys((await at.aws.iam.findRole(role))?.inline ?? {})).toHaveLength(1)
  const versions = await currentVersions(at, wanted)
  expect(Object.keys(versions).sort()).toEqual([...wanted.secrets].sort())
  for (const ids of Object.values(versions)) expect(ids.split(' ')).toHaveLength(1)
}
