import type { Finding } from '../../../steps/doctor/index.ts'
import { askingRegistries } from '../supply/registries.ts'
import type { ImageLook } from '../world.ts'

/** Whether the images of all releases can be pulled, as far as somebody without an account can see. */
export async function imagesFinding(look: ImageLook | undefined, signal: AbortSignal): Promise<Finding> {
  if (look === undefined)
    return { result: 'skip', evidence: 'nothing is pulled here: pods are simulated, or run from packages' }
  const asked = askingRegistries(signal)
  const images = await look.list(signal)
  const answers = await Promise.all(
    images.map(async (image) => ({ image, ...(await asked(() => look.ask(image, signal))) })),
  )
  const absent = answers.filter(({ state }) => state === 'absent')
  const unknown = answers.flatMap((answer) => (answer.state === 'unknown' ? answer : []))
  if (absent.length > 0)
    return {
      result: 'fail',
      evidence: `their registries do not have: ${absent.map(({ image }) => image).join(', ')}`,
      fix: 'correct the tag in components.NAME.values, or fill the mirror: llmgw images list',
    }
  if (unknown.length > 0)
    return {
      result: 'could-not-look',
      evidence: `${unknown.length} of ${images.length} images: ${unknown[0]?.image}: ${unknown[0]?.why}`,
      fix: 'the nodes may see more than this machine: kubectl get events -A --field-selector reason=Failed',
    }
  return { result: 'pass', evidence: `${images.length} images, each shown by its registry` }
}
