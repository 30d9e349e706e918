import { describe, expect, it } from 'vitest'
import type { Eks } from '../../src/ports/index.ts'

/** An account with one cluster that has an OIDC issuer. */
export interface EksWorld {
  readonly eks: Eks
  readonly cluster: { readonly name: string; readonly region: string; readonly accountId: string }
}

/** What every implementation of the port `Eks` keeps. */
export function describeEksContract(name: string, makeWorld: () => Promise<EksWorld>): void {
  describe(`eks contract: ${name}`, () => {
    it('finds a cluster with what a connection and a trust policy need', async () => {
      const { eks, cluster } = await makeWorld()
      const found = await eks.findCluster(cluster.name)
      expect(found).toMatchObject({
        name: cluster.name,
        arn: `arn:aws:eks:${cluster.region}:${cluster.accountId}:cluster/${cluster.name}`,
        status: 'ACTIVE',
        version: expect.stringMatching(/^1\.\d+$/),
        endpoint: expect.stringMatching(/^https:\/\//),
        certificateAuthority: expect.any(String),
        oidcIssuer: expect.stringMatching(/^https:\/\//),
      })
    })

    it('answers undefined for a cluster that does not exist', async () => {
      const { eks } = await makeWorld()
      expect(await eks.findCluster('no-such-cluster')).toBeUndefined()
    })

    it('lists the clusters of the region by name', async () => {
      const { eks, cluster } = await makeWorld()
      const names = await eks.listClusters()
      expect(names).toContain(cluster.name)
      expect(names).toEqual([...names].sort())
    })
  })
}
