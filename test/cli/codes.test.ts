import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

const ROOT = new URL('../../', import.meta.url)
const CODE = /^[A-Z][A-Za-z]*[a-z][A-Za-z]*$/

/** Functions whose first argument is a code. */
const MAKERS = /(^|\.)(\w+Error|preflight)$/
/** Declarations all of whose texts are codes that Kubernetes gave its own reasons. */
const REASONS = new Set(['STUCK', 'stuckReason'])

/** Codes that a source text gives to errors and causes. */
function codesIn(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && CODE.test(node.text) && (isCode(node) || within(node, REASONS)))
      found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** First argument of a maker, or a value of a property `code`. */
function isCode(literal: ts.StringLiteral): boolean {
  let node: ts.Node = literal
  // `code: pending ? 'ReleasePending' : 'ReleaseFailed'`; the condition itself is no code.
  while (ts.isConditionalExpression(node.parent) && node.parent.condition !== node) node = node.parent
  const { parent } = node
  if ((ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) && parent.initializer === node)
    return parent.name.getText() === 'code'
  if (!ts.isNewExpression(parent) && !ts.isCallExpression(parent)) return false
  return MAKERS.test(parent.expression.getText()) && parent.arguments?.[0] === node
}

function within(literal: ts.Node, names: ReadonlySet<string>): boolean {
  for (let node = literal.parent; node !== undefined; node = node.parent) {
    const name = ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node) ? node.name?.getText() : undefined
    if (name !== undefined && names.has(name)) return true
  }
  return false
}

const sources = ['src', 'steps'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const thrown = new Set(sources.flatMap((file) => codesIn(file, read(file))))
const pages = readdirSync(new URL('docs/codes', ROOT)).map((name) => name.replace(/\.md$/, ''))

describe('codes in the source', () => {
  it('are found where errors and causes are made, and nowhere else', () => {
    const text = `
      throw new StepError('OneCode', 'NoCode')
      const cause = { code: late ? 'TwoCode' : 'ThreeCode', kind: 'NoKind' }
      class X extends Error { readonly code = 'FourCode' }
      const STUCK = new Set(['FiveCode'])
      hasCode(error, 'NotThis'); preflight('SixCode', 'x')`
    expect(codesIn('x.ts', text)).toEqual(['OneCode', 'TwoCode', 'ThreeCode', 'FourCode', 'FiveCode', 'SixCode'])
  })

  it('each have a page', () => {
    expect(thrown.size).toBeGreaterThan(100)
    expect([...thrown].filter((code) => !pages.includes(code)).sort()).toEqual([])
  })

  it('are behind each page', () => {
    expect(pages.filter((code) => !thrown.has(code))).toEqual([])
  })

  it.each(pages)('%s: meaning, how to see it, what to do, the next command', (code) => {
    const text = read(`docs/codes/${code}.md`)
    expect(text).toMatch(
      new RegExp(
        `^# ${code}\\n\\n.+\\. Exit code (1|2|3|6|70|130)\\.\\n\\n\\*\\*See it:\\*\\* .+\\n\\n\\*\\*Do:\\*\\* .+\\n\\n\\*\\*Next:\\*\\* \`llmgw.*\`\\n$`,
      ),
    )
  })

  it('name only commands that there are', async () => {
    const verbs = [...new Set(pages.flatMap((code) => [...read(`docs/codes/${code}.md`).matchAll(/`(llmgw [^`]+)`/g)]))]
    const commands = verbs.flatMap(([, text = '']) => text.split('&&')).map((text) => text.trim())
    const { stdout } = await runCli('--help')
    const known = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)
    expect(known).toContain('deploy')
    for (const command of commands) {
      const [, verb] = command.replace(/ --(sandbox|config)(?=\s)( llmgw\.yaml)?/g, '').split(' ')
      expect(known, command).toContain(verb)
    }
  })
})

describe('llmgw explain', () => {
  it('prints the page, whatever the case', async () => {
    const { code, stdout } = await runCli('explain wrongaccount')
    expect([code, stdout]).toEqual([0, read('docs/codes/WrongAccount.md')])
  })

  it('lists every code with its meaning', async () => {
    const { stdout } = await runCli('explain')
    expect(stdout.trim().split('\n')).toHaveLength(pages.length)
    expect(stdout).toMatch(/^ChartMismatch +The mirror holds another chart/m)
  })

  it('is data on request', async () => {
    const one = await runCli('explain Locked --output json')
    const all = await runCli('explain --output json')
    expect(JSON.parse(one.stdout)).toMatchObject({ code: 'Locked', meaning: 'Another run works on this deployment' })
    expect(JSON.parse(all.stdout)).toHaveLength(pages.length)
  })

  it('suggests the closest code, and takes no path', async () => {
    const near = await runCli('explain WrongAcount')
    const path = await runCli('explain ../../package')
    expect([near.code, path.code]).toEqual([2, 2])
    expect(near.stderr).toBe(
      'error: there is no code "WrongAcount"; did you mean "WrongAccount"?\n  next: llmgw explain WrongAccount\n',
    )
    expect(path.stderr).toContain('next: see them all with: llmgw explain\n')
  })

  it('is shipped', () => {
    expect(JSON.parse(read('package.json')).files).toContain('docs/codes')
  })
})
