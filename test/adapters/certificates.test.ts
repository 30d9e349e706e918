import { describe, expect, it } from 'vitest'
import { certificates } from '../../src/adapters/certificates.ts'
import { Secret } from '../../src/secret.ts'
import { makeCertificate } from '../fakes/make-certificate.ts'

const root = makeCertificate({ subject: 'root', isAuthority: true, notAfter: new Date('2070-01-01T00:00:00Z') })
const between = makeCertificate({ subject: 'between', isAuthority: true, issuer: root })
const server = makeCertificate({ subject: 'server', names: ['redis.litellm.svc', '*.redis.svc'], issuer: between })
const chain = server.certificate + between.certificate
const stranger = makeCertificate({ subject: 'root', isAuthority: true })

describe('certificates', () => {
  it('reads each one of a text, in its order', () => {
    expect(certificates.read(chain)).toEqual(
      ['CN=server', 'CN=between'].map((subject) => ({
        subject,
        notBefore: Date.UTC(2025, 11, 1),
        notAfter: Date.UTC(2080, 0, 1),
      })),
    )
    expect(certificates.read('nothing of the kind')).toEqual([])
    expect(() => certificates.read(chain.replace(/MII./, 'AAAA'))).toThrow()
  })

  it('knows the key of the first one, and throws at what is no key', () => {
    expect(certificates.keyFits(chain, new Secret(server.key))).toBe(true)
    expect(certificates.keyFits(chain, new Secret(between.key))).toBe(false)
    expect(() => certificates.keyFits(chain, new Secret('no key at all'))).toThrow()
  })

  it.each([
    ['redis.litellm.svc', true],
    ['any.redis.svc', true],
    ['redis.other.svc', false],
    ['far.any.redis.svc', false],
    // Its common name, which no client looks at.
    ['server', false],
  ])('is for %s: %s', (name, expected) => {
    expect(certificates.covers(chain, name)).toBe(expected)
  })

  it('goes up to an authority, over those between', () => {
    expect(certificates.authorityOf(chain, root.certificate)).toMatchObject({
      subject: 'CN=root',
      notAfter: Date.UTC(2070, 0, 1),
    })
    expect(certificates.authorityOf(chain, stranger.certificate + root.certificate)?.notAfter).toBe(
      Date.UTC(2070, 0, 1),
    )
    expect(certificates.authorityOf(stranger.certificate, stranger.certificate)?.subject).toBe('CN=root')
  })

  it('leads nowhere without those between, to an authority of the same name, or over one that may not issue', () => {
    expect(certificates.authorityOf(server.certificate, root.certificate)).toBeUndefined()
    expect(certificates.authorityOf(chain, stranger.certificate)).toBeUndefined()
    const leaf = makeCertificate({ subject: 'leaf', issuer: root })
    const child = makeCertificate({ subject: 'child', issuer: leaf })
    expect(certificates.authorityOf(child.certificate + leaf.certificate, root.certificate)).toBeUndefined()
    expect(certificates.authorityOf('', root.certificate)).toBeUndefined()
  })
})
