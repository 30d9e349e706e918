import { X509Certificate } from 'node:crypto'
import type { Certificates } from '../ports/certificates.ts'

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Certificates by Node's own reader. */
export const certificates: Certificates = {
  read: (pem) =>
    (pem.match(BLOCK) ?? []).map((block) => {
      const { subject, validFrom, validTo } = new X509Certificate(block)
      return {
        subject: subject.replaceAll('\n', ', '),
        notBefore: Date.parse(validFrom),
        notAfter: Date.parse(validTo),
      }
    }),
}
