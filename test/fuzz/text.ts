import fc from 'fast-check'

/** What a hostile peer would write: control sequences of terminals, of YAML, of shells, of workflow logs. */
const HOSTILE = [
  '\u001b[2J',
  '\u001b]0;owned\u0007',
  '\u001b]52;c;b3duZWQ=\u0007',
  '\u001bP+q544e\u001b\\',
  '\u009b31m',
  '\r',
  '\u0000',
  '\u202e',
  '\n::set-output name=x::y',
  '$(touch /tmp/owned)',
  '`id`',
  "'; rm -rf ~ #",
  '{{ .Values.x }}',
  '${x}',
  '&a [*a]',
  '!!js/function "x"',
  '--set=x=y',
  '../../etc/passwd',
]

/** Any text, with hostile pieces in it more often than chance would have them. */
export const text = (maxLength = 40): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.string({ unit: 'binary', maxLength }), fc.constantFrom(...HOSTILE)), { maxLength: 4 })
    .map((parts) => parts.join(''))
    .map((whole) => whole.replaceAll(/\p{Cs}/gu, ''))
