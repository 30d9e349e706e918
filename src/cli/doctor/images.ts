import pLimit from 'p-limit'
import type { Finding } from '../../../steps/doctor/index.ts'
import { causeOf } from '../../engine/cause.ts'
import type { ImageLook } from '../world.ts'

/** Registries limit how often strangers ask. */
const AT_ONCE = 4

/** The registry was asked and has no such image. What asks for an account, or does not answer, is not known. */
const ABSENT = /HTTP (404|410)\b/

/** Whether the images of all releases can be pulled, as far as somebody without an account can see. */
export async function imagesFinding(look: ImageLook | undefined, signal: AbortSignal): Promise<Finding> {
  if (look === undefined)
    return { result: 'skip', evidence: 'nothing is pulled here: pods are simulated, or run from packages' }
  const limit = pLimit(AT_ONCE)
  const images = await look.list(signal)
  const answers = await Promise.all(images.map((image) => limit(() => ask(look, image, signal))))
  const of = (state: Answer['state']) => answers.filter((answer) => answer.state === state)
  const [absent, unknown] = [of('absent'), of('unknown')]
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

interface Answer {
  readonly image: string
  readonly state: 'there' | 'absent' | 'unknown'
  readonly why?: string
}

async function ask(look: ImageLook, image: string, signal: AbortSignal): Promise<Answer> {
  try {
    await look.ask(image, signal)
    return { image, state: 'there' }
  } catch (error) {
    signal.throwIfAborted()
    const { message, evidence = [] } = causeOf(error)
    const why = [message, ...evidence].join(': ')
    return { image, state: ABSENT.test(why) ? 'absent' : 'unknown', why }
  }
}
