/** What a certificate says of itself. Times in ms since the epoch. */
interface CertificateFacts {
  readonly subject: string
  readonly notBefore: number
  readonly notAfter: number
}

/** Reads X.509 certificates. */
export interface Certificates {
  /** Facts of every certificate in a PEM text, in its order. @throws Error when one cannot be read */
  read(pem: string): readonly CertificateFacts[]
}
