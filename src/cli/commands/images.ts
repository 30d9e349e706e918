import { counted } from '../../ui/layout.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { imagesOf } from '../supply/images.ts'
import { openSupplies } from '../supply/supplies.ts'
import { tellSupplies, untilStopped } from '../supply/tell.ts'
import { type ImagesVerdict, verdictOn, verifyImages } from '../supply/verify-images.ts'

/** `llmgw images list`: what a mirror of images must hold. @returns exit code */
export async function imagesList(flags: GlobalFlags, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const images = await imagesOf(await openSupplies(flags, host), signal)
    tellSupplies(flags, host, { document: { images }, lines: images.map(({ image }) => image) })
    return 0
  })
}

/** `llmgw images verify`: whether each image is one for good, and is what its registry has. @returns exit code */
export async function imagesVerify(
  flags: GlobalFlags & { readonly strict: boolean; readonly offline: boolean },
  host: Host,
): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const images = await imagesOf(await openSupplies(flags, host), signal)
    const rows = await verifyImages(images, { offline: flags.offline, signal })
    const verdict = verdictOn(rows, flags.strict)
    const lines = rows.map(
      ({ image, state, digest, message, releases }) =>
        `${image}: ${message ?? state}${digest === undefined ? '' : `, ${digest}`} (${releases.join(', ')})`,
    )
    const asked = flags.offline ? '; no registry was asked' : ''
    tellSupplies(flags, host, {
      document: { ok: verdict.exitCode === 0, images: rows },
      lines: [...lines, `${wordsOf(verdict, rows.length)}${asked}`],
    })
    return verdict.exitCode
  })
}

function wordsOf({ wrong, unseen }: ImagesVerdict, all: number): string {
  const found = wrong === 0 ? `${counted(all, 'image')}, none wrong` : `${wrong} of ${counted(all, 'image')} wrong`
  return unseen === 0 ? found : `${found}; ${unseen} could not be looked at`
}
