// The newcomer's first minute: builds the program, starts the sandbox, deploys everything into it and proves that it works.
import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('../bin/llmgw.js', import.meta.url))
const run = (args, env = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    const pass = (signal) => child.kill(signal)
    process.on('SIGINT', pass).on('SIGTERM', pass)
    child.on('close', (code, signal) => {
      process.off('SIGINT', pass).off('SIGTERM', pass)
      if (code === 0) resolve()
      else
        reject(
          Object.assign(new Error(`llmgw ${args.slice(1).join(' ')} ended with ${code ?? signal}`), {
            exitCode: code ?? 130,
          }),
        )
    })
  })

/** Programs that are real behind their pods; a sandbox of simulated ones has nobody to answer. */
const realPrograms = async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'sandbox', 'status', '--output', 'json'])
  return JSON.parse(stdout).connection.pods.programs
}

const say = (line) => console.log(`\n\u001b[1m$ ${line}\u001b[0m`)
try {
  say('npm run build')
  await run([fileURLToPath(new URL('build.mjs', import.meta.url))])
  say('llmgw sandbox up')
  await run([program, 'sandbox', 'up'])
  say('INTERACTIVE_MODE=false llmgw deploy all --sandbox')
  await run([program, 'deploy', 'all', '--sandbox'], { INTERACTIVE_MODE: 'false' })
  say('llmgw verify --sandbox')
  await run([program, 'verify', '--sandbox'])
  const real = await realPrograms()
  if (real.includes('litellm')) {
    say('llmgw test all --stream --sandbox')
    await run([program, 'test', 'all', '--stream', '--sandbox'])
    say('llmgw chat "What is an LLM gateway for?" --sandbox')
    await run([program, 'chat', 'What is an LLM gateway for?', '--sandbox'])
  } else {
    console.log('\nNo model is asked: all pods are simulated here (llmgw sandbox up --runtime process says why).')
  }
  const forwarding = real.includes('open-webui')
    ? '\n  npx llmgw forward ui --sandbox           Open WebUI on http://127.0.0.1:8080 (docs/sandbox.md: who logs in)'
    : ''
  console.log(`
The platform runs in a sandbox on this machine. What to look at next (npx llmgw = node bin/llmgw.js):

  npx llmgw status --sandbox               what is deployed, and how it is
  npx llmgw deploy all --sandbox           the questions: Skip, Proceed, View, Auto, Quit
  npx llmgw plan --sandbox                 what a deploy would change (now: nothing)${forwarding}
  eval "$(npx llmgw sandbox env)"          kubectl, helm and aws talk to the sandbox in this shell
  npx llmgw sandbox down                   removes it all again
`)
} catch (error) {
  console.error(`\n${error.message}`)
  process.exitCode = error.exitCode ?? 1
}
