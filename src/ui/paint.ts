import { Chalk, type ChalkInstance } from 'chalk'

/** Colours, or none; every view and renderer is given one. */
export type Paint = ChalkInstance

/** The sixteen colours of any terminal, or plain text. */
export function createPaint(colors: boolean): Paint {
  return new Chalk({ level: colors ? 1 : 0 })
}
