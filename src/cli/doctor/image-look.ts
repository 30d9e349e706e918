import { imageDigest } from '../../adapters/charts/image-digest.ts'
import { PreflightError } from '../../errors.ts'
import { faultOf, imagesOf } from '../supply/images.ts'
import { openSupplies } from '../supply/supplies.ts'
import type { ImageLook, WorldRequest } from '../world.ts'

/** Images of the configuration as its charts render, and their registries. */
export function imageLook({ flags, host }: WorldRequest): ImageLook {
  return {
    async list(signal) {
      return (await imagesOf(await openSupplies(flags, host), signal)).map(({ image }) => image)
    },
    async ask(image, signal) {
      const { reference } = faultOf(image)
      if (reference === undefined) throw new PreflightError('ImageUnavailable', `${image} is no image reference`)
      await imageDigest(reference, signal)
    },
  }
}
