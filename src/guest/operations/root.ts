/** Where software finds the root table of a space: mm->pgd. */
import { Geometry } from '../../machine/geometry.ts'
import type { MachineConfig } from '../../machine/config.ts'

const known = new WeakMap<MachineConfig, Geometry>()

export function geometryOf(config: MachineConfig): Geometry {
  const geometry = known.get(config) ?? new Geometry(config)
  known.set(config, geometry)
  return geometry
}

export const rootOf = (config: MachineConfig, space: number): number => geometryOf(config).roots[space]
