import type { Config } from '../../src/config/schema.ts'
import { StepError } from '../../src/errors.ts'
import type { CertificateFacts, Services, StepContext } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'
import { redisService } from '../redis.ts'
import { decoded, type SecretPlace } from '../secret-in-cluster.ts'
import { TLS_KEYS } from './tls.ts'

type Reading = Pick<Services, 'kube' | 'config' | 'certificates' | 'clock'> & Pick<StepContext, 'signal'>
type Place = Omit<SecretPlace, 'key'>

/** Something that keeps Redis or its clients from speaking TLS with what is in the Secret. */
export interface CertificateFault {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** What was found in the Secret. */
export interface CertificateSeen {
  readonly place: string
  /** Of the server's own certificate; undefined where none could be read. */
  readonly facts: CertificateFacts | undefined
  readonly faults: readonly CertificateFault[]
}

/** cert-manager renews when a third of the time is left; one that gets here was not renewed. */
const SOON_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * DNS names that somebody checks in the certificate of the servers: clients ask for the Service, and so does HAProxy on their
 * behalf; the exporter asks for `localhost`. Redis, Sentinel and redis-cli look at the authority alone.
 * Source: redis_exporter (Go's crypto/tls), HAProxy `verifyhost`, Redis tls.c.
 */
export function certificateNames(config: Config): readonly string[] {
  return [`${redisService(config)}.${config.namespaces.gateway}.svc`, 'localhost']
}

/** Looks at everything in the Secret before somebody starts with it. A throw means that it could not look. */
export async function seeCertificate(ctx: Reading, secret: Place): Promise<CertificateSeen> {
  const place = placeOf(secret)
  const held = await dataOf(ctx, secret)
  if (held === undefined) return { place, facts: undefined, faults: [missing(place)] }
  const lacking = Object.values(TLS_KEYS).filter((key) => !held[key])
  if (lacking.length > 0)
    return { place, facts: undefined, faults: [incomplete(place, `has no ${lacking.join(', ')}`)] }
  const text = (key: string): string => decoded(held[key] ?? '')
  try {
    return examined(ctx, secret, {
      certificate: text(TLS_KEYS.certificate),
      key: new Secret(text(TLS_KEYS.key)),
      authority: text(TLS_KEYS.authority),
    })
  } catch {
    // The reader's words may hold parts of what it read.
    const fault = incomplete(
      place,
      `holds something else than PEM texts without a passphrase in ${Object.values(TLS_KEYS).join(', ')}`,
    )
    return { place, facts: undefined, faults: [fault] }
  }
}

/**
 * The authority's certificate that clients trust.
 * @throws StepError CacheCertificateMissing, CacheCertificateIncomplete
 */
export async function authorityText(ctx: Pick<Reading, 'kube' | 'signal'>, secret: Place): Promise<string> {
  const held = await dataOf(ctx, secret)
  const found = held?.[TLS_KEYS.authority]
  if (found) return decoded(found)
  const { code, message, hint } =
    held === undefined ? missing(placeOf(secret)) : incomplete(placeOf(secret), `has no ${TLS_KEYS.authority}`)
  throw new StepError(code, message, { hint })
}

const placeOf = ({ namespace, name }: Place): string => `Secret ${namespace}/${name}`

async function dataOf({ kube, signal }: Pick<Reading, 'kube' | 'signal'>, { namespace, name }: Place) {
  const secret = await kube.find({ apiVersion: 'v1', kind: 'Secret', namespace, name }, signal)
  return secret && ((secret.data ?? {}) as Readonly<Record<string, string>>)
}

interface Texts {
  readonly certificate: string
  readonly key: Secret
  readonly authority: string
}

function examined({ certificates, clock, config }: Reading, secret: Place, texts: Texts): CertificateSeen {
  const place = placeOf(secret)
  const { certificate, key, authority } = texts
  const [facts] = certificates.read(certificate)
  if (facts === undefined || certificates.read(authority).length === 0)
    return {
      place,
      facts,
      faults: [incomplete(place, `holds no certificate in ${facts ? TLS_KEYS.authority : TLS_KEYS.certificate}`)],
    }
  const issuer = certificates.authorityOf(certificate, authority)
  const uncovered = certificateNames(config).filter((name) => !certificates.covers(certificate, name))
  const faults = [
    certificates.keyFits(certificate, key) ? undefined : mismatch(secret),
    notValid(clock.now(), facts, { secret, key: TLS_KEYS.certificate }),
    uncovered.length === 0 ? undefined : unnamed(place, uncovered),
    issuer === undefined ? untrusted(place) : notValid(clock.now(), issuer, { secret, key: TLS_KEYS.authority }),
  ]
  return { place, facts, faults: faults.filter((fault) => fault !== undefined) }
}

/** How long a certificate lasts yet, where that is not long; undefined otherwise, and where it is over. */
export function endsSoon(now: number, { notAfter }: CertificateFacts): string | undefined {
  const left = notAfter - now
  return left > 0 && left < SOON_DAYS * DAY_MS ? `ends on ${day(notAfter)}` : undefined
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10)

const renew = ({ namespace }: Place): string =>
  `have it issued anew, e.g. with cert-manager: cmctl renew --namespace ${namespace} --all`

/** Where cert-manager says why it does not renew. */
export const renewalHint = ({ namespace }: Place): string =>
  `see why it is not renewed: kubectl describe certificate --namespace ${namespace}`

function missing(place: string): CertificateFault {
  return {
    code: 'CacheCertificateMissing',
    message: `${place}, which cache.tls.secretName names, is not there`,
    hint: 'make it, e.g. with a Certificate of cert-manager; its namespace comes with: llmgw deploy namespaces',
  }
}

function incomplete(place: string, what: string): CertificateFault {
  return {
    code: 'CacheCertificateIncomplete',
    message: `${place} ${what}`,
    hint: `a Secret as cert-manager makes it has ${Object.values(TLS_KEYS).join(', ')}; ca.crt needs an issuer that knows its authority`,
  }
}

function mismatch(secret: Place): CertificateFault {
  return {
    code: 'CacheCertificateMismatch',
    message: `${TLS_KEYS.key} of ${placeOf(secret)} is not the key of its ${TLS_KEYS.certificate}`,
    hint: renew(secret),
  }
}

function notValid(
  now: number,
  { notBefore, notAfter }: CertificateFacts,
  { secret, key }: { readonly secret: Place; readonly key: string },
): CertificateFault | undefined {
  if (now >= notBefore && now < notAfter) return undefined
  const words =
    now < notBefore ? `is not valid before ${new Date(notBefore).toISOString()}` : `ended on ${day(notAfter)}`
  return { code: 'CacheCertificateNotValid', message: `${key} of ${placeOf(secret)} ${words}`, hint: renew(secret) }
}

function unnamed(place: string, names: readonly string[]): CertificateFault {
  return {
    code: 'CacheCertificateNames',
    message: `${TLS_KEYS.certificate} of ${place} is not for ${names.join(', ')}`,
    hint: `add to dnsNames of its Certificate: ${names.join(', ')}`,
  }
}

function untrusted(place: string): CertificateFault {
  return {
    code: 'CacheCertificateUntrusted',
    message: `${TLS_KEYS.certificate} of ${place} does not lead to its ${TLS_KEYS.authority}`,
    hint: `${TLS_KEYS.authority} must hold the authority that issued it, and ${TLS_KEYS.certificate} the certificates between, after the server's own`,
  }
}
