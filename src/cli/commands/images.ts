import pLimit from 'p-limit'
import { imageDigest } from '../../adapters/charts/image-digest.ts'
import { causeOf } from '../../engine/cause.ts'
import { counted } from '../../ui/layout.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { faultOf, imagesOf, type UsedImage } from '../supply/images.ts'
import { openSupplies } from '../supply/supplies.ts'
import { tellSupplies, untilStopped } from '../supply/tell.ts'

/** Registries limit how often strangers ask. */
const AT_ONCE = 4

/** `llmgw images list`: what a mirror of images must hold. @returns exit code */
export async function imagesList(flags: GlobalFlags, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const images = await imagesOf(await openSupplies(flags, host), signal)
    tellSupplies(flags, host, { document: { images }, lines: images.map(({ image }) => image) })
    return 0
  })
}

interface ImageRow extends UsedImage {
  readonly state: 'pinned' | 'tagged' | 'wrong'
  /** Under which the registry has it now. */
  readonly digest?: string
  readonly message?: string
}

/** `llmgw images verify`: whether each image is one for good, and is what its registry has. @returns exit code */
export async function imagesVerify(
  flags: GlobalFlags & { readonly strict: boolean; readonly offline: boolean },
  host: Host,
): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const images = await imagesOf(await openSupplies(flags, host), signal)
    const limit = pLimit(AT_ONCE)
    const rows = await Promise.all(images.map((used) => limit(() => verify(used, flags.offline, signal))))
    const bad = rows.filter(({ state }) => state === 'wrong' || (flags.strict && state !== 'pinned'))
    const lines = rows.map(
      ({ image, state, digest, message, releases }) =>
        `${image}: ${message ?? state}${digest === undefined ? '' : `, ${digest}`} (${releases.join(', ')})`,
    )
    const asked = flags.offline ? '; no registry was asked' : ''
    const verdict =
      bad.length === 0
        ? `${counted(rows.length, 'image')}, none wrong`
        : `${bad.length} of ${counted(rows.length, 'image')} wrong`
    tellSupplies(flags, host, {
      document: { ok: bad.length === 0, images: rows },
      lines: [...lines, `${verdict}${asked}`],
    })
    return bad.length === 0 ? 0 : 1
  })
}

async function verify(used: UsedImage, offline: boolean, signal: AbortSignal): Promise<ImageRow> {
  const { reference, fault } = faultOf(used.image)
  if (reference === undefined || fault !== undefined)
    return { ...used, state: 'wrong', ...(fault && { message: fault }) }
  const state = reference.digest === undefined ? 'tagged' : 'pinned'
  if (offline) return { ...used, state }
  try {
    const digest = await imageDigest(reference, signal)
    if (reference.digest === undefined || reference.digest === digest) return { ...used, state, digest }
    return { ...used, state: 'wrong', digest, message: 'the registry has other bytes under this digest' }
  } catch (error) {
    signal.throwIfAborted()
    return { ...used, state: 'wrong', message: causeOf(error).message }
  }
}
