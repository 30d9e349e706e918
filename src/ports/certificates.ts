import type { Secret } from '../secret.ts'

/** What a certificate says of itself. Times in ms since the epoch. */
export interface CertificateFacts {
  readonly subject: string
  readonly notBefore: number
  readonly notAfter: number
}

/** Reads X.509 certificates. A PEM text with several is a chain: the first one is the server's own. */
export interface Certificates {
  /** Facts of every certificate in a PEM text, in its order. @throws Error when one cannot be read */
  read(pem: string): readonly CertificateFacts[]
  /** Whether this private key is the one of the first certificate. @throws Error when one of them cannot be read */
  keyFits(pem: string, key: Secret): boolean
  /** Whether the first certificate is for this DNS name; its common name does not count, as clients do not look at it. */
  covers(pem: string, name: string): boolean
  /** The authority of those in `authorities` to which the chain leads; undefined when it leads to none of them. */
  authorityOf(pem: string, authorities: string): CertificateFacts | undefined
}
