import * as z from 'zod'

/** Kubernetes names (RFC 1123 label). */
export const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and hyphens, as Kubernetes names are')
  .max(63)

/** Names of most Kubernetes objects (RFC 1123 subdomain). */
export const dnsSubdomain = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    'lower-case letters, digits, hyphens and dots, as Kubernetes names are',
  )
  .max(253)

export const duration = z.string().regex(/^\d+(s|m|h)$/, 'a whole number followed by s, m or h, e.g. 5m')

export const quantity = z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, 'a Kubernetes quantity such as 4Gi')
