import { describe, expect, it } from 'vitest'
import { chatStream, StreamRefused } from '../../steps/litellm/chat-stream.ts'

const chunk = (content: string | null) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`

describe('a streamed completion', () => {
  it('is the same text, wherever the network cuts it', () => {
    const text = `: a comment\n\n${chunk('one\n')}${chunk(null)}${chunk('two')}data: [DONE]\n\n`
    for (let at = 0; at <= text.length; at += 1) {
      const stream = chatStream()
      const pieces = [...stream.take(text.slice(0, at)), ...stream.take(text.slice(at))]
      expect([pieces, stream.isDone()]).toEqual([['one\n', 'two'], true])
    }
  })

  it.each([
    ['as it is sent', 'data: [DONE]\n'],
    ['with lines that end as on Windows', 'data: [DONE]\r\n'],
    ['without the space', 'data:[DONE]\n'],
  ])('tells its end %s', (_, end) => {
    const stream = chatStream()
    expect([...stream.take(`${chunk('text')}${end}`)]).toEqual(['text'])
    expect(stream.isDone()).toBe(true)
  })

  it('is not done before that, and not by a text that says so', () => {
    const stream = chatStream()
    expect([...stream.take(chunk('data: [DONE]'))]).toEqual(['data: [DONE]'])
    expect(stream.isDone()).toBe(false)
  })

  it('ends with what the gateway says in it, behind what it had said before', () => {
    const pieces: string[] = []
    const read = () => {
      for (const piece of chatStream().take(`${chunk('half')}data: {"error":{"message":"model overloaded"}}\n`))
        pieces.push(piece)
    }
    expect(read).toThrow(new StreamRefused('model overloaded'))
    expect(pieces).toEqual(['half'])
  })
})
