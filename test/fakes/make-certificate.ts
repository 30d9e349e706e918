import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A certificate with its private key, both as PEM. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface Wish {
  readonly subject: string
  /** DNS names. */
  readonly names?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** It may issue others. */
  readonly isAuthority?: boolean
  /** Who signs it; itself unless told. */
  readonly issuer?: Issued & { readonly subject: string }
}

const OID = {
  commonName: [0x55, 0x04, 0x03],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
}
const TRUE = Buffer.from([0x01, 0x01, 0xff])
let serial = 1

/** A real X.509 certificate, so that tests need neither openssl nor a private key in the repository. */
export function makeCertificate(wish: Wish): Issued & { readonly subject: string } {
  const { subject, issuer, notBefore = new Date('2025-12-01'), notAfter = new Date('2080-01-01') } = wish
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  serial += 1
  const contents = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithm,
    name(issuer?.subject ?? subject),
    sequence(time(notBefore), time(notAfter)),
    name(subject),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(wish))),
  )
  const signer: KeyObject = issuer ? createPrivateKey(issuer.key) : pair.privateKey
  const signature = sign('sha256', contents, signer)
  const whole = sequence(contents, algorithm, der(0x03, Buffer.from([0]), signature))
  return {
    subject,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines(whole.toString('base64'))}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extensions({ names = [], isAuthority = false }: Wish): readonly Buffer[] {
  const hosts = names.map((one) => der(0x82, Buffer.from(one)))
  return [
    sequence(oid(OID.basicConstraints), TRUE, der(0x04, isAuthority ? sequence(TRUE) : sequence())),
    ...(hosts.length > 0 ? [sequence(oid(OID.subjectAltName), der(0x04, sequence(...hosts)))] : []),
  ]
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const oid = (bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes))
const integer = (value: number): Buffer => der(0x02, Buffer.from([value >> 8, value & 0xff].slice(value < 128 ? 1 : 0)))
const name = (text: string): Buffer => sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(text)))))
/** GeneralizedTime, e.g. 20260101000000Z. */
const time = (date: Date): Buffer => der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`))
const lines = (text: string): string => text.replace(/.{64}(?=.)/g, '$&\n')
