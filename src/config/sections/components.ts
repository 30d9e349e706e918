import * as z from 'zod'

const override = z.strictObject({
  values: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Values of its chart, merged over ours as Helm merges: mappings by key, all else replaced, null removes.',
    ),
  valuesFile: z.string().min(1).optional().describe('File of such values, relative to this one; `values` win over it.'),
})

/** What the user sets over our values, by component; only components that are Helm releases have values. */
export const componentsSection = z.strictObject({
  'external-secrets': override.optional(),
  gatekeeper: override.optional(),
  monitoring: override.optional(),
  jaeger: override.optional(),
  redis: override.optional(),
  litellm: override.optional(),
  openwebui: override.optional(),
})

/** Components whose chart values can be set. */
export const RELEASE_SECTIONS: readonly string[] = Object.keys(componentsSection.shape)
