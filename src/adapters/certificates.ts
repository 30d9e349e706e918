import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { CertificateFacts, Certificates } from '../ports/certificates.ts'

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Certificates by Node's own reader. */
export const certificates: Certificates = {
  read: (pem) => parsed(pem).map(factsOf),

  keyFits: (pem, key) => parsed(pem)[0]?.checkPrivateKey(createPrivateKey(key.reveal())) ?? false,

  covers: (pem, name) => parsed(pem)[0]?.checkHost(name, { subject: 'never' }) !== undefined,

  authorityOf(pem, authorities) {
    const [own, ...between] = parsed(pem)
    const root = own && rootOf(own, between, parsed(authorities))
    return root && factsOf(root)
  },
}

const parsed = (pem: string): readonly X509Certificate[] =>
  (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block))

function factsOf({ subject, validFrom, validTo }: X509Certificate): CertificateFacts {
  return {
    subject: subject.replaceAll('\n', ', '),
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
  }
}

/** Goes up issuer by issuer; each one between is used once, so that a circle ends. */
function rootOf(
  from: X509Certificate,
  between: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): X509Certificate | undefined {
  const root = roots.find((one) => one.fingerprint256 === from.fingerprint256 || issued(one, from))
  if (root) return root
  const next = between.find((one) => issued(one, from))
  return (
    next &&
    rootOf(
      next,
      between.filter((one) => one !== next),
      roots,
    )
  )
}

const issued = (issuer: X509Certificate, one: X509Certificate): boolean =>
  issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey)
