import * as z from 'zod'
import type { KubeObject } from '../../ports/kube.ts'
import type { Server } from './connection.ts'
import { type Attempt, unreachable } from './errors.ts'

/** Whose answer it is, and to what. */
export interface Asked {
  readonly server: Server
  readonly attempt: Attempt
}

const name = z.object({ name: z.string() })
/** What every object has, and all that is taken for granted of one. */
const object = z.looseObject({ metadata: z.looseObject(name.shape) })
const page = z.looseObject({
  metadata: z.object({ resourceVersion: z.string().optional(), continue: z.string().optional() }),
  // null in a metadata-only list without any.
  items: z.array(object).nullish(),
})
const resources = z.object({
  resources: z.array(z.object({ kind: z.string(), name: z.string(), namespaced: z.boolean() })),
})
const event = z.object({ type: z.string(), object: z.looseObject({}) })

/** An answer that only needs to be JSON with fields. @throws PreflightError KubeUnreachable for anything else: something in between answered */
export const readFields = (text: string, asked: Asked): Record<string, unknown> => read(z.looseObject({}), text, asked)

/** An answer that is one object. @throws PreflightError KubeUnreachable */
export const readObject = (text: string, asked: Asked): KubeObject => read(object, text, asked) as unknown as KubeObject

/** A page of a list. @throws PreflightError KubeUnreachable */
export const readPage = (text: string, asked: Asked): z.infer<typeof page> => read(page, text, asked)

/** What a group serves. @throws PreflightError KubeUnreachable */
export const readResources = (text: string, asked: Asked): z.infer<typeof resources>['resources'] =>
  read(resources, text, asked).resources

/** A line of a watch. @throws PreflightError KubeUnreachable */
export const readEvent = (text: string, asked: Asked): z.infer<typeof event> => read(event, text, asked)

/** One object of an answer that was read. @throws PreflightError KubeUnreachable */
export const asObject = (value: unknown, asked: Asked): KubeObject =>
  checked(object, value, asked) as unknown as KubeObject

function read<T>(schema: z.ZodType<T>, text: string, asked: Asked): T {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw unreachable(asked.server.url.origin, asked.attempt, `an answer that is not JSON: ${String(error)}`)
  }
  return checked(schema, found, asked)
}

function checked<T>(schema: z.ZodType<T>, found: unknown, { server, attempt }: Asked): T {
  const parsed = schema.safeParse(found)
  if (parsed.success) return parsed.data
  throw unreachable(
    server.url.origin,
    attempt,
    `an answer of another form: ${z.prettifyError(parsed.error).split('\n')[0]}`,
  )
}
