import { type ImageReference, imageDigest } from '../../adapters/charts/image-digest.ts'
import { faultOf, type UsedImage } from './images.ts'
import { askingRegistries, type Shown } from './registries.ts'

export interface ImageRow extends UsedImage {
  /**
   * Named by digest or by a tag that stays; `wrong`: it is no reference to one image for good; `missing` and `differs`: what its
   * registry has; `could-not-look`: no verdict.
   */
  readonly state: 'pinned' | 'tagged' | 'wrong' | 'missing' | 'differs' | 'could-not-look'
  /** Under which the registry has it now. */
  readonly digest?: string
  readonly message?: string
}

interface Wanted {
  /** No registry is asked. */
  readonly offline: boolean
  readonly signal: AbortSignal
}

/** Whether each image is one for good, and is what its registry has. @throws when `signal` was aborted */
export async function verifyImages(
  images: readonly UsedImage[],
  { offline, signal }: Wanted,
): Promise<readonly ImageRow[]> {
  const asked = askingRegistries(signal)
  return await Promise.all(
    images.map(async (used): Promise<ImageRow> => {
      const { reference, fault } = faultOf(used.image)
      if (reference === undefined || fault !== undefined)
        return { ...used, state: 'wrong', ...(fault && { message: fault }) }
      if (offline) return { ...used, state: namedBy(reference) }
      return { ...used, ...compared(reference, await asked(() => imageDigest(reference, signal))) }
    }),
  )
}

const namedBy = ({ digest }: ImageReference) => (digest === undefined ? 'tagged' : 'pinned')

function compared(reference: ImageReference, shown: Shown<string>): Omit<ImageRow, keyof UsedImage> {
  if (shown.state === 'absent') return { state: 'missing', message: shown.why }
  if (shown.state === 'unknown') return { state: 'could-not-look', message: `could not look: ${shown.why}` }
  const digest = shown.told
  return reference.digest === undefined || reference.digest === digest
    ? { state: namedBy(reference), digest }
    : { state: 'differs', digest, message: 'the registry has other bytes under this digest' }
}

/** What all rows come to. */
export interface ImagesVerdict {
  readonly wrong: number
  readonly unseen: number
  /** 1 = something is wrong; 3 = nothing is known to be, and not all could be looked at. */
  readonly exitCode: 0 | 1 | 3
}

/** @param strict an image without a digest is wrong */
export function verdictOn(rows: readonly ImageRow[], strict: boolean): ImagesVerdict {
  const unseen = rows.filter(({ state }) => state === 'could-not-look').length
  const right = rows.filter(({ state }) => state === 'pinned' || (state === 'tagged' && !strict)).length
  const wrong = rows.length - right - unseen
  return { wrong, unseen, exitCode: wrong > 0 ? 1 : unseen > 0 ? 3 : 0 }
}
