import { expect } from 'vitest'
import { ROLES } from './platform.ts'
import type { Witness } from './snapshot.ts'
import { SPINE_RELEASES, SPINE_SECRETS } from './spine.ts'

/** Version ids of the platform's secrets that have one. */
export async function currentVersions({ aws }: Witness): Promise<Record<string, string>> {
  const metas = await Promise.all(SPINE_SECRETS.map((name) => aws.secretsManager.describe(name)))
  return Object.fromEntries(
    SPINE_SECRETS.flatMap((name, index) => {
      const versions = Object.keys(metas[index]?.versions ?? {})
      return versions.length === 0 ? [] : [[name, versions.join(' ')]]
    }),
  )
}

/** Nothing is doubled and nothing half done: one deployed revision a release, one policy a role, one version a secret. */
export async function expectOneOfEach(at: Witness): Promise<void> {
  const releases = await at.kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm' })
  const deployed = releases.filter(({ metadata }) => metadata.labels?.status === 'deployed')
  expect(deployed.map(({ metadata }) => metadata.labels?.name).sort()).toEqual([...SPINE_RELEASES].sort())
  expect(releases.filter(({ metadata }) => metadata.labels?.status?.startsWith('pending'))).toEqual([])
  for (const role of ROLES) expect(Object.keys((await at.aws.iam.findRole(role))?.inline ?? {})).toHaveLength(1)
  const versions = await currentVersions(at)
  expect(Object.keys(versions).sort()).toEqual([...SPINE_SECRETS].sort())
  for (const ids of Object.values(versions)) expect(ids.split(' ')).toHaveLength(1)
}
