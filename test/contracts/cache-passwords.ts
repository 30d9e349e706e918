import { describe, expect, it } from 'vitest'
import type { CachePasswords, CacheServer } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'

/** A server that has just started with one password. */
export interface CachePasswordsWorld {
  readonly passwords: CachePasswords
  readonly server: CacheServer
  readonly startedWith: Secret
  /** A server that nobody has started. */
  readonly nobody: CacheServer
  /** What its Sentinel presents now. */
  readonly sentinelPresents: () => Promise<string>
}

/** What every implementation of the port `CachePasswords` keeps. */
export function describeCachePasswordsContract(name: string, makeWorld: () => Promise<CachePasswordsWorld>): void {
  describe(`cache passwords contract: ${name}`, () => {
    const added = new Secret('the-new-password-$1')
    const wrong = new Secret('some-other-password')

    it('a server takes a second password beside the one it started with, and presents it when told', async () => {
      const { passwords, server, startedWith } = await makeWorld()
      expect(await passwords.look(server, startedWith)).toBe('presented')
      expect(await passwords.look(server, added)).toBe('refused')
      await passwords.accept(server, { added, known: [wrong, startedWith] })
      await passwords.accept(server, { added, known: [] })
      expect(await passwords.look(server, added)).toBe('taken')
      await passwords.present(server, added)
      expect(await passwords.look(server, added)).toBe('presented')
      expect(await passwords.look(server, startedWith)).toBe('taken')
      expect(await passwords.look(server, wrong)).toBe('refused')
    })

    it('a server that takes none of the known passwords is not changed, and the error names no value', async () => {
      const { passwords, server, startedWith } = await makeWorld()
      const refused = await passwords.accept(server, { added, known: [wrong] }).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'CacheRefused' })
      expect(String(refused)).not.toContain(added.reveal())
      expect(String(refused)).not.toContain(wrong.reveal())
      await expect(passwords.present(server, added)).rejects.toMatchObject({ code: 'CacheRefused' })
      expect(await passwords.look(server, added)).toBe('refused')
      expect(await passwords.look(server, startedWith)).toBe('presented')
    })

    it('its Sentinel presents what it is told', async () => {
      const { passwords, server, startedWith, sentinelPresents } = await makeWorld()
      expect(await sentinelPresents()).toBe(startedWith.reveal())
      await passwords.tellSentinel(server, added)
      expect(await sentinelPresents()).toBe(added.reveal())
    })

    it('a simulated pod has nobody to be told', async () => {
      const { passwords, nobody } = await makeWorld()
      const simulated = { code: 'PodSimulated' }
      await expect(passwords.look(nobody, added)).rejects.toMatchObject(simulated)
      await expect(passwords.accept(nobody, { added, known: [wrong] })).rejects.toMatchObject(simulated)
      await expect(passwords.tellSentinel(nobody, added)).rejects.toMatchObject(simulated)
      await expect(passwords.present(nobody, added)).rejects.toMatchObject(simulated)
    })
  })
}
