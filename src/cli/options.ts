import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings'

/** `5m`, as the configuration writes it. */
function duration(text: string): string {
  if (!/^\d+(s|m|h)$/.test(text))
    throw new InvalidArgumentError('expected a whole number followed by s, m or h, e.g. 5m')
  return text
}

/** A whole number from 1 to 999. */
export function atLeastOne(text: string): number {
  const value = Number(text)
  if (!/^\d{1,3}$/.test(text) || value < 1) throw new InvalidArgumentError('expected a whole number from 1 to 999')
  return value
}

/** The program with the flags that every command takes, before or after the command's name. */
export function withGlobalOptions(program: Command) {
  return program
    .option('--config <file>', 'configuration file (default: the nearest llmgw.yaml from here upwards)')
    .addOption(
      new Option(
        '--sandbox <name>',
        'work on the sandbox on this machine, started if needed; NAME where there are several',
      ),
    )
    .addOption(
      new Option('--output <format>', 'form of the result').choices(['text', 'json', 'ndjson']).default('text'),
    )
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .option('--debug', 'show stack traces and what was started', false)
}

/** A command that looks at the platform. */
export function withLookOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return command.option('--deep', 'compare every object, not only workloads', false)
}

/** A command that can go on looking. */
export function withWatchOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return command
    .option('-w, --watch', 'look again and again until Ctrl-C', false)
    .option('--every <seconds>', 'with --watch: seconds between two looks', atLeastOne, 5)
}

/** A command that works out, or makes, changes. */
export function withPlanOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return withLookOptions(command)
    .option('--adopt', 'take over what exists and nobody owns', false)
    .option('--restore-secrets', 'restore secrets that are pending deletion', false)
    .option('--secrets-file <file>', 'values of provided secrets, NAME=value a line; keep it at mode 0600')
}

/** A command that changes the platform. */
export function withChangeOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return command
    .option('-y, --yes', 'ask nothing', false)
    .option('--concurrency <number>', 'steps that change something at a time', atLeastOne, 4)
    .option('--timeout <duration>', 'limit for each step, e.g. 15m (default: timeouts.step)', duration)
    .option('--fail-fast', 'start nothing more after a failure', false)
}

/** A command that can work on a part of all components. */
export function withChoiceOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return command
    .addOption(new Option('--only <components>', 'of all, only these; separated by commas').conflicts('skip'))
    .option('--skip <components>', 'of all, not these; separated by commas')
}

/** A command whose result other programs read. */
export function withReportOptions<Args extends unknown[], Own extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Own, Global>,
) {
  return command.option('--junit <file>', 'also write a JUnit report: steps and checks as test cases')
}
